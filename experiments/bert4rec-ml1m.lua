local g = require "gusto"

return g.experiment {
  help = "BERT4Rec on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .2843, NDCG@10 .1537: README of antklen/sasrec-bert4rec-recsys23 (hidden 64, 2 layers, 2 heads, mask .2, length 200, up to 200 epochs)",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.bert4rec",
  knobs = { dim = 64, blocks = 2, heads = 2, hidden = 256, length = 200, mask = 0.2, positions = "start", dropout = 0.1, lr = 1e-3 },
  train = { optimizer = "adam", batch = 128, average = 0.995, epochs = 200, eval_every = 4, patience = 10 },
}
