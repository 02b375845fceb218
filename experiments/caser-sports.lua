local g = require "gusto"

return g.experiment {
  help = "Caser with the paper's settings on Amazon Sports, full ranking of 18,357 items.",
  source = "HR@10 .0194, NDCG@10 .0097: K. Zhou et al.: S3-Rec, CIKM 2020, table of the full ranking",
  data = g.data "amazon-sports",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.caser",
  knobs = { dim = 50, length = 5, targets = 3, vertical = 4, horizontal = 16, dropout = 0.5, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, negatives = 3, epochs = 50, patience = 5 },
}
