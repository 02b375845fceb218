local g = require "gusto"

return g.experiment {
  help = "Bench: as mf_bpr-ml1m, with exact dense Adam: untouched rows fade and move too.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.mf",
  knobs = { dim = 64 },
  train = { optimizer = { "adam", lazy = false }, batch = 4096, negatives = 1, sampler = "uniform", epochs = 1 },
}
