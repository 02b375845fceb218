local g = require "gusto"

return g.dataset {
  name = "amazon-sports",
  help = "Amazon Sports and Outdoors, 5-core: 296,337 reviews of 18,357 items by 35,598 users as ordered sequences",
  source = "J. McAuley's product reviews of 2014, as prepared for S3-Rec: data/Sports_and_Outdoors.txt of "
    .. "https://github.com/aHuiWang/CIKM2020-S3Rec (put it into datasets/raw/seq-sports/)",
  cite = "R. He, J. McAuley: Ups and downs, WWW 2016; K. Zhou et al.: S3-Rec, CIKM 2020",
  licence = "research use with citation",
  default = "sequences",
  views = {
    sequences = {
      help = "one line per user, oldest first; no times, no titles",
      {
        { "seq-sports/Sports_and_Outdoors.txt", "amazon-sports/Sports_and_Outdoors.txt", "Sports_and_Outdoors.txt" },
        format = "sequence",
        sha256 = {
          "4beb143b583a1c05a054ad936d0162d845ebd41d8fed8eda0068aacc45d6042a",
          "2a095e0648872beb9982408958290f5d655db5be2911c3756b5446de9f0b8de2",
        },
      },
    },
  },
}
