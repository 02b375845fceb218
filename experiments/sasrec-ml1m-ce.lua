local g = require "gusto"

return g.experiment {
  help = "SASRec with cross-entropy over the whole catalogue on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .3152, NDCG@10 .1821: SASRec+ in the README of antklen/sasrec-bert4rec-recsys23 (as its SASRec, full cross-entropy)",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 64, blocks = 2, heads = 1, length = 200, dropout = 0.1, loss = "ce", lr = 1e-3 },
  train = { optimizer = "adam", average = 0.995, batch = 128, negatives = 0, epochs = 120, patience = 10 },
}
