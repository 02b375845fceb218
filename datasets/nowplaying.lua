local g = require "gusto"

return g.dataset {
  name = "nowplaying",
  help = "Nowplaying: 128,077 training sessions of 60,416 tracks, 89,824 test prefixes",
  source = "#nowplaying (E. Zangerle et al. 2014), as prepared for GCE-GNN: datasets/Nowplaying of "
    .. "https://github.com/CCIIPLab/GCE-GNN, its pickles written as text: a session a line; prefix, tab, target "
    .. "(put both into datasets/raw/session-nowplaying/)",
  cite = "Z. Wang et al.: Global Context Enhanced Graph Neural Networks for Session-based Recommendation, SIGIR 2020",
  licence = "research use",
  default = "sessions",
  views = {
    sessions = {
      help = "training sessions of two or more tracks; each proper prefix of a later session predicts its next track; split = "
        .. "\"given\", mask_seen = false",
      {
        "session-nowplaying/train.txt", format = "sessions",
        sha256 = {
          "f4d8348051c48f77b28835091c987b5558425b335bb681d334887de443f17d03",
          "d25aa0b2de389e399417a40da7076fd5f445e896562447c3f0b64d2964c83e65",
        },
      },
      {
        "session-nowplaying/test.txt", format = "sessions", part = "test",
        sha256 = {
          "01c8760502fab5db82a6406fe0ec3d9976c74fe8d8ead48f55538c30221cacd6",
          "174e8f0f6f503722676c01b79622d85935199baa42de0a88d075748422d4f8ae",
        },
      },
    },
  },
}
