local g = require "gusto"

return g.experiment {
  help = "Bench: NeuMF (64 factors, tower 128-64-32-16) over 200,000 users and 100,000 items, batches of 4,096.",
  data = g.data { "synthetic", shape = "big" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.neumf",
  knobs = { factors = 16, gmf = 64, layers = 3 },
  train = { optimizer = "adam", batch = 4096, negatives = 4, sampler = "uniform", epochs = 1 },
}
