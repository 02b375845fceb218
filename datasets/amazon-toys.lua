local g = require "gusto"

return g.dataset {
  name = "amazon-toys",
  help = "Amazon Toys: 84,642 interactions of 33,953 items by 3,137 users",
  source = "J. McAuley's product reviews, as prepared for DeepCF: Data/AToy.* of https://github.com/familyld/DeepCF "
    .. "(put them into datasets/raw/loo-amusic-atoy-lastfm/)",
  cite = "Z.-H. Deng et al.: DeepCF, AAAI 2019",
  licence = "research use with citation",
  default = "ncf",
  views = {
    ncf = {
      help = "leave-one-out with 99 published negatives per user; split = \"given\", candidates = \"given\"",
      {
        "loo-amusic-atoy-lastfm/AToy.train.rating", format = "tsv", columns = "user,item,...",
        sha256 = {
          "8ccb20b8933e7e781d9e4fcb2e27864e63191e9a825a23e31002e124962a0fd1",
          "03abd02341cbe87295fc333c2553614f024d453fcbe037f58d8bd90d4fafea72",
        },
      },
      {
        "loo-amusic-atoy-lastfm/AToy.test.rating", format = "leave_one_out",
        sha256 = {
          "2753ce009019996166ec9460c95b407e9194333c042426788e60785a49b2a8a6",
          "532639c8bbe3aa0451ac4000998c3fccc38ca463006335fb815a75c8ad577d71",
        },
      },
      {
        "loo-amusic-atoy-lastfm/AToy.test.negative", format = "negatives",
        sha256 = {
          "3c8a18e2034a64314180223569baaf62816d7e3a4bca149d23ea969be4837e61",
          "f20ccd57a916e519cc8af8c41af8a6620d3cd06b1887c4a575fbb9538883de99",
        },
      },
    },
  },
}
