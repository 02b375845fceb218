-- The demo: a made-up world of which the causes are known, so that explanations can be compared with the truth.
local g = require "gusto"

return g.experiment {
  help = "SASRec learns a planted world: under a minute on two cores, nothing to download.",
  data = g.data { "planted", interactions = 60000 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 48, blocks = 2, heads = 1, length = 50, dropout = 0.2, loss = "ce", lr = 1e-3 },
  train = { optimizer = "adam", batch = 64, negatives = 0, epochs = 160, patience = 15 },
}
