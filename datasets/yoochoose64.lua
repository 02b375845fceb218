local g = require "gusto"

return g.dataset {
  name = "yoochoose64",
  help = "Yoochoose 1/64: 116,167 training sessions of 17,745 products, 55,898 test prefixes",
  source = "RecSys Challenge 2015 (YOOCHOOSE), as prepared for NARM and SR-GNN: datasets/yoochoose1_64 of "
    .. "https://github.com/YuhanZhen/WSDM23-DGNNs--for-Session-based-Recommendation, its pickles written as text: a session a "
    .. "line; "
    .. "prefix, tab, target (put both into datasets/raw/session-yoochoose64/)",
  cite = "J. Li et al.: Neural Attentive Session-based Recommendation, CIKM 2017",
  licence = "CC BY-NC-ND 4.0",
  default = "sessions",
  views = {
    sessions = {
      help = "the most recent 64th of the training sessions; each proper prefix of a later session predicts its next click; "
        .. "split = \"given\", mask_seen = false",
      {
        "session-yoochoose64/train.txt", format = "sessions",
        sha256 = {
          "11a065641dd828fd7e659a6ae2de55d847996f91dcc122b7f13a38e0cab0cf20",
          "da000be516f4c54ebc762a27b7b4a41ea2eba547e2f3504638caa8d6d2685b5a",
        },
      },
      {
        "session-yoochoose64/test.txt", format = "sessions", part = "test",
        sha256 = {
          "e10283002dfc702137f6f7bfd829b1cc43995de7ef4a27c9eeb17c669d202c77",
          "9decf90095ee67e3ee68404e9960b0481161252e5fd530efc8a68835e4155cc3",
        },
      },
    },
  },
}
