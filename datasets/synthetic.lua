local g = require "gusto"

return g.dataset {
  name = "synthetic",
  help = "Numbers drawn at random with the size and the skew of a well-known set: for benches, nothing to learn. "
    .. "Options of g.data: shape (ml1m, beauty, big), seed.",
  source = "computed by gusto; nothing to download",
  licence = "public domain",
  synthetic = true,
}
