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

local folds = {
  u1 = {
    base = {
      "a9d168288ac8f3d322a16c17547e14daa10a60efd7fd8991438943c0d678d2ab",
      "ce253ec86c448b44fb3ba9a30d12dcfc2e9210cbde71efada3730c22e9ac212a",
    },
    test = {
      "da5bc27695bc7a0ee285aa66a462054848fefb59e9e8dccb9a9f6151e3340b63",
      "18c6014a4b2c7324f250a63f8904a7b16b2b19f911129e346141507b0cbac950",
    },
  },
  u2 = {
    base = {
      "65bd2b6971d7ea21822a871fe055d441c3c513e716b84b05ba61117f99f857ae",
      "6c06f0b5df4b256da1a994f3ac66edc8da4d3f09bc9282df6b14d893366d703e",
    },
    test = {
      "da748d8cb6ed50fa0d4b20156ef999f9f047f8dae81d78afc8fd9f9c7c4b2b74",
      "4de658d1e04ed9104629509a2e2528fce833ac8e048280183f1df167632038c3",
    },
  },
  u3 = {
    base = {
      "502b23b4a3f6f35bcc019134f4d7361df4abaf9ca771ac5d4e8d12ad1c9a99db",
      "afdc155c291c6edc41c0407e39d7462eb98d341e064f0b0a12175b80b3c4af5d",
    },
    test = {
      "ab291545a0a9d8a111f88bbf54b4a430cf417d63089b7e2adf97a76470190abb",
      "0f548b51c78327de4c156461d3e430b7e5579fe2b5681586a59416e48fd35f6d",
    },
  },
  u4 = {
    base = {
      "32c0fc97e2c01b53321ded32003941dd38362e12913be02059e59ba5c3ddedd9",
      "219f0f4d40dfe9c5141d425f53fa91ee23ed275f14e280bbf1b50117afb064ca",
    },
    test = {
      "73423b9f073bc3cabd65d550200a7c599b39ac1306b4bbd5c5dae60dc7b1362e",
      "7c02ad0a1e7ab1083c8b9d4b627203a051dd7b5eab46d99fa44de33470de8db9",
    },
  },
  u5 = {
    base = {
      "22aa1d4f3e68cf1e6d793e50bf2f4ebeba27c14f5fbf9f39f2b28ce4379a8740",
      "a9574e59ce961eec2121627760b6e9b0974ce1637b3fe69ac32cb14a4bfab485",
    },
    test = {
      "aeb0f72e3b5f7b67baa2e710486623e2fa008d5c1580bfcda350c62cc83cee64",
      "351cc52e0d15b6c721466276fc24671d40936899e3d01fadeaf312915b8c5634",
    },
  },
  ua = {
    base = {
      "35f47368769ec5a9e46bcf8586e7092826c41d614e0610fc08a346f27845664a",
      "67b5bcdb380c29f85d56a012ecd88612ae020f30a6730d117a334ee8203b91f2",
    },
    test = {
      "21bae86d7e3807dba227b1e864fb3ca079b65b86972c8bacdc8ff2d010069b0e",
      "d0497e202417720f57a184ec8c66be2d1afa4ff41bb53787c57b28d6bf79bc42",
    },
  },
  ub = {
    base = {
      "f377cd0ec1a73772688dc5333a473f7dc36e05f2985ae1e6dc544928d79dfefc",
      "237254d253b6ad7de84f919d041055428646254f34ed8f562703c899430cd881",
    },
    test = {
      "d19052f64aca0f3492dde7e3f03b72ebd3d0af704e4eb785d3f1767f179b8a60",
      "d54a72d05730d5892062734b2bec73e976f9b713d18c828a18b968d6cce442da",
    },
  },
}

-- The folds as GroupLens splits them: u1 to u5 are five disjoint tests of 20 %, ua and ub hold out ten ratings of each user.
local function fold(name)
  return {
    help = "the ratings in GroupLens' own split " .. name .. "; split = \"given\"",
    { ("ml-100k/%s.base"):format(name), format = "movielens", sha256 = folds[name].base },
    { ("ml-100k/%s.test"):format(name), format = "movielens", part = "test", sha256 = folds[name].test },
    items, users,
  }
end

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
    irgan = {
      help = "the split of IRGAN, which takes ratings of 4 and 5 as positive (min_rating = 4); split = \"given\"",
      source = "item_recommendation/ml-100k of https://github.com/geek-ai/irgan as ml-100k/irgan/, and u.item and u.user of "
        .. "https://grouplens.org/datasets/movielens/100k/ (unpack both into datasets/raw/)",
      {
        "ml-100k/irgan/movielens-100k-train.txt", format = "tsv", columns = "user,item,rating",
        id_offset_user = 1, id_offset_item = 1,
        sha256 = {
          "c2f3b2a99c3ca8db6d2c7904f8152095c10d8f31d8347a95a7f017a722741bf4",
          "81fdf6f0b282e60c43e93ab9ae3f0627d026bf382a61f90c59154a1126d3afde",
        },
      },
      {
        "ml-100k/irgan/movielens-100k-test.txt", format = "tsv", columns = "user,item,rating",
        id_offset_user = 1, id_offset_item = 1, part = "test",
        sha256 = {
          "808fe16f2313e4f65426706c9fb07177320c69279cb905c7ad78aa1edbeb95ad",
          "b5cc7d184c5b68f1dca4f1f53da3849acf4cd6ab65195b1d6bb59512cb402d17",
        },
      },
      items, users,
    },
    cfgan = {
      help = "the split of CFGAN: every rating is positive, ids are its own, no titles; split = \"given\"",
      source = "evaluation-cfgan/.../original_source_code/datasets/ML100K of "
        .. "https://github.com/recsyspolimi/ecir-2022-an-evaluation-of-GAN-for-CF (put both files into datasets/raw/ml-100k/cfgan/)",
      {
        "ml-100k/cfgan/ML100K.train", format = "tsv", columns = "user,item,rating", separator = " ",
        sha256 = {
          "158682930b80c3099308801c1677d8103850dc49cd9c14b0f440ddadf5f4fd4d",
          "3dcc6c5219de56ad819152860d31c9bfde0103288cb51923242d8b768726183f",
        },
      },
      {
        "ml-100k/cfgan/ML100K.test", format = "tsv", columns = "user,item,rating", separator = " ", part = "test",
        sha256 = {
          "85f71eb8ca41b0374323a93dfc277b6c6c1fdf41bdfe28019070a17ce067b44f",
          "4ad38c30a6f584571028c1e18815b9892febe254874872960629728d1cb293a4",
        },
      },
    },
    u1 = fold "u1", u2 = fold "u2", u3 = fold "u3", u4 = fold "u4", u5 = fold "u5", ua = fold "ua", ub = fold "ub",
  },
}
