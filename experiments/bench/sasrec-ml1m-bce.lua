local g = require "gusto"

return g.experiment {
  help = "Bench: SASRec (2 blocks, 1 head, 50 wide, length 200), one negative per position.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 50, length = 200, dropout = 0.2, loss = "bce" },
  train = { optimizer = "adam", batch = 128, negatives = 1, sampler = "uniform", epochs = 1 },
}
