local g = require "gusto"

return g.experiment {
  help = "Caser on Amazon Beauty, full ranking of 12,101 items.",
  source = "HR@10 .0347, NDCG@10 .0176: K. Zhou et al.: S3-Rec, CIKM 2020, table of the full ranking",
  data = g.data "amazon-beauty",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.caser",
  knobs = { dim = 64, length = 5, targets = 1, loss = "ce", dropout = 0.5, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, epochs = 40, patience = 5 },
}
