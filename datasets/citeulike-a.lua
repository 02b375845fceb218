local g = require "gusto"

return g.dataset {
  name = "citeulike-a",
  help = "CiteULike-a: 5,551 researchers' libraries of 16,980 articles, 204,986 entries",
  source = "citeulike-a.npz in Conferences/SIGIR/CMN_github/data of "
    .. "https://github.com/MaurizioFD/RecSys2019_DeepLearning_Evaluation, "
    .. "written as text: train.tsv (user, item), test.tsv (user, item, negatives) (put both into "
    .. "datasets/raw/citeulike-a-cmn/)",
  cite = "H. Wang, B. Chen, W.-J. Li: Collaborative Topic Regression with Social Regularization, IJCAI 2013; T. Ebesu et al.: "
    .. "Collaborative Memory Network, SIGIR 2018",
  licence = "research use",
  default = "cmn",
  views = {
    cmn = {
      help = "leave-one-out with the 100 published negatives per user; split = \"given\", candidates = \"given\"",
      {
        "citeulike-a-cmn/train.tsv", format = "tsv", columns = "user,item",
        sha256 = {
          "65d171e921c9cd8f5bdbb8a36e0eb2ed45b195943adf0866392977981417a27a",
          "d219002b85060d0226f029154d8998172b8d83b26c7cc6ee3e85d76014c8b2c6",
        },
      },
      {
        "citeulike-a-cmn/test.tsv", format = "negatives",
        sha256 = {
          "e569e7a2eaa89a7d5a8da2d135000cb227ec200373ca017e8b2cef49cc316ab5",
          "8ed1d1bb3d7454a811e2e79042555933f224195ecd1bf668f232753866c1ee90",
        },
      },
    },
  },
}
