local g = require "gusto"

local items = {
  "ml-100k/u.item", format = "movielens", table = "item", encoding = "latin-1",
  sha256 = {
    "326805c64afa67df381bc377affe267fcdfab868d248f7b5e0c99ba2fa36f6bd",
    "e706db993261e876c2a6b3bc617709311da781695be13af1fe2b3e1b6f723e64",
  },
}
local users = {
  "ml-100k/u.user", format = "movielens", table = "user",
  sha256 = {
    "51f83dc555203fd8cf52f534942edc66374ba691b0f5371b41cd866f7076675d",
    "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
  },
}

return g.dataset {
  name = "ml-100k",
  help = "MovieLens 100K: 100,000 ratings of 1,682 films by 943 users, 1997-1998",
  source = "GroupLens, https://grouplens.org/datasets/movielens/100k/ (ml-100k.zip; unpack it into datasets/raw/)",
  cite = "F. M. Harper, J. A. Konstan: The MovieLens Datasets, ACM TiiS 5(4), 2015",
  licence = "research use with acknowledgement; no redistribution and no commercial use without permission",
  default = "ratings",
  views = {
    ratings = {
      help = "all ratings with their times",
      {
        "ml-100k/u.data", format = "movielens",
        sha256 = {
          "2da971bcb136bbc4dadd10eb0391c06ca063c9e2aa427cc9667a1276f4cf87d1",
          "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
        },
      },
      items, users,
    },
  },
}
