local g = require "gusto"

return g.experiment {
  help = "Bench: matrix factorisation (64) by BPR, one negative per positive, batches of 4,096.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.mf",
  knobs = { dim = 64 },
  train = { optimizer = "adam", batch = 4096, negatives = 1, sampler = "uniform", epochs = 1 },
}
