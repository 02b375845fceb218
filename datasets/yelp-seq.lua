local g = require "gusto"

return g.dataset {
  name = "yelp-seq",
  help = "Yelp reviews after 2019-01-01, 5-core: 316,354 reviews of 20,033 places by 30,431 users as ordered sequences",
  source = "Yelp Open Dataset, as prepared for S3-Rec: data/Yelp.txt of "
    .. "https://github.com/aHuiWang/CIKM2020-S3Rec (put it into datasets/raw/seq-yelp/)",
  cite = "K. Zhou et al.: S3-Rec, CIKM 2020",
  licence = "Yelp dataset terms: academic use only, no redistribution",
  default = "sequences",
  views = {
    sequences = {
      help = "one line per user, oldest first; no times, no titles",
      {
        "seq-yelp/Yelp.txt", format = "sequence",
        sha256 = {
          "bbcb1bbbbd796eda507c6f2a1884afc24a1fab6863c126601bf28487896ab8d8",
          "724b219106b81dd2349027da997334ddb6da9fe2f152ad6e0d97a93170f7caed",
        },
      },
    },
  },
}
