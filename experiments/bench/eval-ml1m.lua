local g = require "gusto"

return g.experiment {
  help = "Bench: full ranking by a factor model (64), seen items masked, HR@10 and NDCG@10 of one held-out item per user.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.mf",
  knobs = { dim = 64 },
  train = { epochs = 0, test_best = false },
}
