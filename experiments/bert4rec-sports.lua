local g = require "gusto"

return g.experiment {
  help = "BERT4Rec on Amazon Sports, full ranking of 18,357 items.",
  source = "HR@10 .0191, NDCG@10 .0099: BERT4Rec in the full-ranking table of S3-Rec (aHuiWang/CIKM2020-S3Rec, all_rank.PNG; hidden 64, 2 layers, 2 heads, "
    .. "length 50, batch 256)",
  data = g.data "amazon-sports",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.bert4rec",
  knobs = { dim = 64, blocks = 2, heads = 2, hidden = 256, length = 50, mask = 0.4, dropout = 0.2, lr = 1e-3 },
  train = { optimizer = "adam", batch = 256, average = 0.995, epochs = 100, eval_every = 2, patience = 8 },
}
