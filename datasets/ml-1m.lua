local g = require "gusto"

local movies = {
  "ml-1m/movies.dat", format = "movielens", table = "item", encoding = "latin-1",
  sha256 = {
    "d233e28e71128fd89ee1d1025ff77737352b1f7bac84a27e60728e95c7cf41a2",
    "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
  },
}
local users = {
  "ml-1m/users.dat", format = "movielens", table = "user", encoding = "latin-1",
  sha256 = {
    "5e9d8024047dec0255242b88933b6d522fb247ea88be4f2c851c7ae2edee21f0",
    "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
  },
}

-- ratings.tsv holds user, movie, rating and the place in the user's sequence (times could not be had); GroupLens'
-- own ratings.dat serves as well.
local ratings = {
  any = {
    {
      "ml-1m/ratings.tsv", format = "tsv", columns = "user,item,rating,time",
      sha256 = {
        "e95d061fb961bcd70a6ea38d310d1deb0b55de2e53c9f998d3f19fb4775698b5",
        "a19b9ed5fe3f6296ca0ddf5060b4e29bbe074ddc1e1c6b82db98fa8c7595ed5c",
      },
    },
    { { "ml-1m/ratings.dat", "ratings.dat" }, format = "movielens" },
  },
}

local item_map = "ml-1m/ncf/item_map.tsv"

return g.dataset {
  name = "ml-1m",
  help = "MovieLens 1M: 1,000,209 ratings of 3,706 films by 6,040 users, 2000-2003",
  source = "GroupLens, https://grouplens.org/datasets/movielens/1m/ (ml-1m.zip; unpack it into datasets/raw/)",
  cite = "F. M. Harper, J. A. Konstan: The MovieLens Datasets, ACM TiiS 5(4), 2015",
  licence = "research use with citation; no redistribution and no commercial use without permission",
  default = "sasrec",
  views = {
    sasrec = {
      help = "999,611 interactions of 3,416 films seen at least five times, in the order of the SASRec, BERT4Rec and gSASRec "
        .. "papers; "
        .. "ids and titles are MovieLens' own",
      source = "data/ml-1m.txt of https://github.com/kang205/SASRec with the id maps of "
        .. "https://github.com/asash/ml1m-sas-mapping as ml-1m/sasrec/, and movies.dat and users.dat of "
        .. "https://grouplens.org/datasets/movielens/1m/ (unpack it into datasets/raw/)",
      {
        { "ml-1m/sasrec/ml-1m.txt", "SASRec/data/ml-1m.txt" }, format = "pairs",
        user_map = "ml-1m/sasrec/sas_to_original_users.txt", item_map = "ml-1m/sasrec/sas_to_original_items.txt",
        sha256 = {
          "4335747ad3d8b53de85987d35de4367042b6a2a947ee6bc73523517b284319b6",
          "b725f3acb3986fe3130bffd1e77a74d182a1f51799567a236dbd60270f95b0a2",
        },
      },
      movies, users,
    },
    ncf = {
      help = "the leave-one-out split of He et al. (2017) with its 99 negatives per user; use split = \"given\", candidates = "
        .. "\"given\"",
      source = "Data/ml-1m.test.rating and .test.negative of https://github.com/hexiangnan/neural_collaborative_filtering as "
        .. "ml-1m/ncf/ with an item_map.tsv (their item, film), and https://grouplens.org/datasets/movielens/1m/ "
        .. "(unpack both into datasets/raw/)",
      {
        "ml-1m/ncf/ml-1m.test.rating", format = "leave_one_out", id_offset_user = 1, item_map = item_map,
        sha256 = {
          "c2d055d136fcfc62279f014f56e40646cf33a4442e4c720b60827fbbfb01f723",
          "231ae11eb060b643a8c58c063cd17ffc743b54f569afb073d1abb6cf126b88b5",
        },
      },
      {
        "ml-1m/ncf/ml-1m.test.negative", format = "negatives", id_offset_user = 1, item_map = item_map,
        sha256 = {
          "83670a186a00b33174c5026ad0e813830faa84c768c002d5809b903f0a3ef448",
          "127853228a76b7d21c0481e8ef8d00dd009cd5c88670dbdd9e9debfdb9f93de4",
        },
      },
      ratings, movies, users,
    },
    infae = {
      help = "80 / 10 / 10 % of each user's ratings at random, as Infinite-AE and Distill-CF split them; split = \"given\"",
      source = "ml-1m/infae/split.txt, a part per row of ratings: index.npz in data/ml-1m of "
        .. "https://github.com/noveens/infinite_ae_cf written as text, and https://grouplens.org/datasets/movielens/1m/ "
        .. "(unpack "
        .. "both into datasets/raw/)",
      ratings,
      {
        "ml-1m/infae/split.txt", format = "parts",
        sha256 = {
          "e731dabe0bdb3bbfa9975cd1eb1d1faf0c0c389ebcbbfb5c270e34ef7fcfe38b",
          "94850eca7190ff2cfe2fb6f37db4e501770484e56a895ee4d5e33704e5172231",
        },
      },
      movies, users,
    },
    ratings = { help = "all ratings", ratings, movies, users },
  },
}
