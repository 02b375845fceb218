local g = require "gusto"

return g.dataset {
  name = "amazon-beauty",
  help = "Amazon Beauty, 5-core: 198,502 reviews of 12,101 items by 22,363 users as ordered sequences",
  source = "J. McAuley's product reviews of 2014, as prepared for S3-Rec: data/Beauty.txt of "
    .. "https://github.com/aHuiWang/CIKM2020-S3Rec (put it into datasets/raw/seq-beauty/)",
  cite = "R. He, J. McAuley: Ups and downs, WWW 2016; K. Zhou et al.: S3-Rec, CIKM 2020",
  licence = "research use with citation",
  default = "sequences",
  views = {
    sequences = {
      help = "one line per user, oldest first; no times, no titles",
      {
        { "seq-beauty/Beauty.txt", "amazon-beauty/Beauty.txt", "Beauty.txt" }, format = "sequence",
        sha256 = {
          "1a4375e95e3eb693ad24d3e398c0012a4e13daa7aa75e28946387f55df93313d",
          "226cce9c3105299ca0db9615d7d3fb32b3175e90da43100ae352599f0f0107b8",
        },
      },
    },
  },
}
