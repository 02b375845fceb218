local g = require "gusto"

return g.experiment {
  help = "SASRec with its own loss on Amazon Sports, full ranking of 18,357 items.",
  source = "HR@10 .0350, NDCG@10 .0192: SASRec in the full-ranking table of S3-Rec (aHuiWang/CIKM2020-S3Rec, all_rank.PNG; hidden 64)",
  data = g.data "amazon-sports",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 64, blocks = 2, heads = 2, length = 50, dropout = 0.5, loss = "bce", lr = 1e-3 },
  train = { optimizer = { "adam", beta2 = 0.98 }, batch = 128, average = 0.995, negatives = 1, epochs = 200, eval_every = 4, patience = 10 },
}
