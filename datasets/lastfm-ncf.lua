local g = require "gusto"

return g.dataset {
  name = "lastfm-ncf",
  help = "Last.FM (HetRec 2011): 69,149 interactions of 2,665 artists by 1,741 users",
  source = "HetRec 2011, GroupLens, as prepared for DeepCF: Data/lastfm.* of https://github.com/familyld/DeepCF "
    .. "(put them into datasets/raw/loo-amusic-atoy-lastfm/)",
  cite = "Z.-H. Deng et al.: DeepCF, AAAI 2019",
  licence = "research use with citation",
  default = "ncf",
  views = {
    ncf = {
      help = "leave-one-out with 99 published negatives per user; split = \"given\", candidates = \"given\"",
      {
        "loo-amusic-atoy-lastfm/lastfm.train.rating", format = "tsv", columns = "user,item,...",
        sha256 = {
          "5923dfff40c5eccb8c1e297119caa92b50dba3c992f76dae1d5c162510ab0c3a",
          "aa286fd070b5063ccdb3ef847b64c927e83dbc961d8804fa8454dd8964dc6662",
        },
      },
      {
        "loo-amusic-atoy-lastfm/lastfm.test.rating", format = "leave_one_out",
        sha256 = {
          "28c353dd04be69a6e80c7266c11387d1ae6112b3e43eac82d74a55c1baed6c5e",
          "1bbe3bddddaf7c49d6c3ed204bda72d97545ce1acf98c0e0c7234aff9fcb5ce0",
        },
      },
      {
        "loo-amusic-atoy-lastfm/lastfm.test.negative", format = "negatives",
        sha256 = {
          "de7ec6ec0bf6a70a96b88496c4aa37e3a3f33dca1311d908d6697883f904839d",
          "331f05638d7a786f59dc33f346318018224bdb24a91a5d0444dcdbf24bf9498d",
        },
      },
    },
  },
}
