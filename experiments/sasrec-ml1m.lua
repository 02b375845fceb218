local g = require "gusto"

return g.experiment {
  help = "SASRec with its own loss on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .2500, NDCG@10 .1341: README of antklen/sasrec-bert4rec-recsys23 (hidden 64, 2 blocks, 1 head, dropout .1, length 200)",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 64, blocks = 2, heads = 1, length = 200, dropout = 0.1, loss = "bce", lr = 1e-3 },
  train = { optimizer = "adam", batch = 128, negatives = 1, epochs = 200, patience = 20 },
}
