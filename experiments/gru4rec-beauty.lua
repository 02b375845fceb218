local g = require "gusto"

return g.experiment {
  help = "GRU4Rec with cross-entropy on Amazon Beauty, full ranking of 12,101 items.",
  source = "HR@10 .0283, NDCG@10 .0137: GRU4Rec in the full-ranking table of S3-Rec (aHuiWang/CIKM2020-S3Rec, all_rank.PNG; hidden 64)",
  data = g.data "amazon-beauty",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.gru4rec",
  knobs = { dim = 64, hidden = 128, length = 50, dropout_embed = 0.5, dropout = 0.2, loss = "ce", lr = 1e-3 },
  train = { optimizer = "adam", batch = 256, negatives = 0, epochs = 100, patience = 10 },
}
