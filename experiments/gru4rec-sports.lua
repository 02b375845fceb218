local g = require "gusto"

return g.experiment {
  help = "GRU4Rec with cross-entropy on Amazon Sports, full ranking of 18,357 items.",
  source = "HR@10 .0204, NDCG@10 .0110: GRU4Rec in the full-ranking table of S3-Rec (aHuiWang/CIKM2020-S3Rec, all_rank.PNG; hidden 64)",
  data = g.data "amazon-sports",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.gru4rec",
  knobs = { dim = 64, hidden = 128, length = 50, dropout_embed = 0.5, dropout = 0.2, loss = "sampled_ce", alpha = 0.5, lr = 2e-3 },
  train = { optimizer = "adam", batch = 256, average = 0.995, negatives = 1024, epochs = 40, patience = 5 },
}
