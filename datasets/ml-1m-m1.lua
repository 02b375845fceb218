local g = require "gusto"

return g.dataset {
  name = "ml-1m-m1",
  help = "MovieLens 1M in the split of UltraGCN and BARS: 6,022 users, 3,043 films, 796,244 + 99,455 interactions",
  source = "data/Movielens1M_m1 of https://github.com/reczoo/RecZoo (put train.txt and test.txt into "
    .. "datasets/raw/bars-movielens1m_m1/)",
  cite = "K. Mao et al.: UltraGCN, CIKM 2021; J. Zhu et al.: BARS, SIGIR 2022",
  licence = "GroupLens: research use with citation; no redistribution and no commercial use without permission",
  default = "given",
  views = {
    given = {
      help = "the published split, no times, no titles; split = \"given\"",
      {
        "bars-movielens1m_m1/train.txt", format = "sequence",
        sha256 = {
          "b3a461e2ea852eb86001d4ed188240051e2c17f5fc433248672c7a1d9dce0d9b",
          "31fe589506162c76c90e87ddd017642f73655a3f959bd70deec8dda142608f4e",
        },
      },
      {
        "bars-movielens1m_m1/test.txt", format = "sequence", part = "test",
        sha256 = {
          "a68bfd0f0feb594939323a446fff6ae8181af0e6f88f8fe05e467094bc89ae98",
          "c8b4f275ea29fdb5560f0d9014d85a3865743f3089dca0259c79fee30dcdbdcd",
        },
      },
    },
  },
}
