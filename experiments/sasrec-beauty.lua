local g = require "gusto"

return g.experiment {
  help = "SASRec with its own loss on Amazon Beauty, full ranking of 12,101 items.",
  source = "HR@10 .0605, NDCG@10 .0318: SASRec in the full-ranking table of S3-Rec (aHuiWang/CIKM2020-S3Rec, all_rank.PNG; hidden 64, "
    .. "2 heads, length 50, dropout .5, up to 200 epochs)",
  data = g.data "amazon-beauty",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 64, blocks = 2, heads = 2, length = 50, dropout = 0.5, loss = "bce", lr = 1e-3 },
  train = { optimizer = { "adam", beta2 = 0.98 }, average = 0.995, batch = 128, negatives = 1, epochs = 200, patience = 20 },
}
