local g = require "gusto"

return g.experiment {
  help = "Bench: matrix factorisation (64) by BPR over 200,000 users and 100,000 items, batches of 4,096.",
  data = g.data { "synthetic", shape = "big" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.mf",
  knobs = { dim = 64 },
  train = { optimizer = "adam", batch = 4096, negatives = 1, sampler = "uniform", epochs = 1 },
}
