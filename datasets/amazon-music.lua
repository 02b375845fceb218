local g = require "gusto"

return g.dataset {
  name = "amazon-music",
  help = "Amazon Music: 46,087 interactions of 12,929 items by 1,776 users",
  source = "J. McAuley's product reviews, as prepared for DeepCF: Data/AMusic.* of https://github.com/familyld/DeepCF "
    .. "(put them into datasets/raw/loo-amusic-atoy-lastfm/)",
  cite = "Z.-H. Deng et al.: DeepCF, AAAI 2019",
  licence = "research use with citation",
  default = "ncf",
  views = {
    ncf = {
      help = "leave-one-out with 99 published negatives per user; split = \"given\", candidates = \"given\"",
      {
        "loo-amusic-atoy-lastfm/AMusic.train.rating", format = "tsv", columns = "user,item,...",
        sha256 = {
          "a77151d60fcc646634d777ee1d7252da82135b9766066c573217d8d429cac41e",
          "7e7aa977b152a99e706c581f8feaa73a9c490b3c9f88b81a0aa1da3272bd3a98",
        },
      },
      {
        "loo-amusic-atoy-lastfm/AMusic.test.rating", format = "leave_one_out",
        sha256 = {
          "5df88e17f97fa627460246a569c96c096f75333dee8f96e4239b0ab96bbcf7f4",
          "e6d556349b628eaeae94170a96e183db899e1947664bb17dbe30c31962b5def1",
        },
      },
      {
        "loo-amusic-atoy-lastfm/AMusic.test.negative", format = "negatives",
        sha256 = {
          "2b763342e0ea095cd062375ed69ccb320887d23b6b4f884a4d07d90ce71931bd",
          "a490e1666b38ee0cf0396b8723bc1ffc119b3cfa070a7b4b1165ec9b6ed07ce1",
        },
      },
    },
  },
}
