local g = require "gusto"

return g.experiment {
  help = "Bench: NeuMF (8 factors, tower 64-32-16-8), batches of 256 with 4 negatives per positive.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.neumf",
  knobs = { factors = 8, layers = 3 },
  train = { optimizer = "adam", batch = 256, negatives = 4, sampler = "uniform", epochs = 1 },
}
