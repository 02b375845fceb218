local g = require "gusto"

return g.dataset {
  name = "diginetica",
  help = "Diginetica: 186,670 training sessions of 43,097 products, 60,858 test prefixes",
  source = "CIKM Cup 2016, track 2 (DIGINETICA, via Codalab), as prepared for SR-GNN: datasets/diginetica of "
    .. "https://github.com/CCIIPLab/GCE-GNN, its pickles written as text: a session a line; prefix, tab, target "
    .. "(put both into datasets/raw/session-diginetica/)",
  cite = "S. Wu et al.: Session-based Recommendation with Graph Neural Networks, AAAI 2019",
  licence = "research use",
  default = "sessions",
  views = {
    sessions = {
      help = "training sessions of two or more clicks; each proper prefix of a later session predicts its next click; split = "
        .. "\"given\", mask_seen = false",
      {
        "session-diginetica/train.txt", format = "sessions",
        sha256 = {
          "433ae8bd8288be3c730d55fb7379bc0b51a180101e0fc712c4a6a140df6c4d08",
          "d58e465fdacfe2592b414228a771ec4aa5c43c968c61bb25d2a7cc1d2de8c146",
        },
      },
      {
        "session-diginetica/test.txt", format = "sessions", part = "test",
        sha256 = {
          "65130c0c34114624b17c30f2a43fcb09e472381fa54f6553b43a7cb6a64de3a5",
          "42f9222be5717b5dc783ed3732f47cc0cd58bbacd8744815d06086cce3b6762c",
        },
      },
    },
  },
}
