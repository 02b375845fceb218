local g = require "gusto"

return g.experiment {
  help = "SASRec on MovieLens 100K, all ratings as interactions, full ranking.",
  data = g.data "ml-100k",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 50, blocks = 2, heads = 1, length = 200, dropout = 0.2, loss = "bce", lr = 1e-3 },
  train = { optimizer = { "adam", beta2 = 0.98 }, batch = 128, negatives = 1, epochs = 200, patience = 20 },
}
