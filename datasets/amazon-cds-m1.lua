local g = require "gusto"

return g.dataset {
  name = "amazon-cds-m1",
  help = "Amazon CDs in the split of UltraGCN and BARS: 43,169 users, 35,648 items, 604,475 + 172,951 interactions",
  source = "data/AmazonCDs_m1 of https://github.com/reczoo/RecZoo (put train.txt and test.txt into "
    .. "datasets/raw/bars-amazoncds_m1/)",
  cite = "K. Mao et al.: UltraGCN, CIKM 2021; J. Zhu et al.: BARS, SIGIR 2022",
  licence = "research use with citation",
  default = "given",
  views = {
    given = {
      help = "the published split, no times, no titles; split = \"given\"",
      {
        "bars-amazoncds_m1/train.txt", format = "sequence",
        sha256 = {
          "4c3f6977861f2017453f8a9c7fe50389f3415d99e9edf9ac624ce450e4bb79a8",
          "c4caee7d5fe27fb5489466729b358eefe15155cec37f73ce2a4b5c74c8b73d51",
        },
      },
      {
        "bars-amazoncds_m1/test.txt", format = "sequence", part = "test",
        sha256 = {
          "919cc305fc352d2028c6f8769bd37e23b99d3506a50e5ba51a0e0661ec3892e8",
          "ef686ffd39ca5ad4c8ee9dc8eeb3333ccc5bfe548f55e0d403d210ff7f248d2d",
        },
      },
    },
  },
}
