local g = require "gusto"

return g.dataset {
  name = "filmtrust",
  help = "FilmTrust: 35,497 ratings (0.5 to 4) of 2,071 films by 1,508 users, no times",
  source = "crawled from FilmTrust in June 2011; Conferences/IJCAI/NeuRec_github/data of "
    .. "https://github.com/MaurizioFD/RecSys2019_DeepLearning_Evaluation (put it into datasets/raw/filmtrust/)",
  cite = "G. Guo, J. Zhang, N. Yorke-Smith: A Novel Bayesian Similarity Measure for Recommender Systems, IJCAI 2013",
  licence = "research use",
  default = "ratings",
  views = {
    ratings = {
      help = "all ratings",
      {
        "filmtrust/ratings_filmtrust.dat", format = "tsv", columns = "user,item,rating", separator = " ",
        sha256 = {
          "1f84064f0adc62c2adb62c187522cfd6f30b8f2ef59894a53353d54012a83281",
          "241167424e24d588e8871d68641e94ead98d5b3a4f0db01ef3181a74ad35e7a1",
        },
      },
    },
  },
}
