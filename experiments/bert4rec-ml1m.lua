local g = require "gusto"

return g.experiment {
  help = "BERT4Rec on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .2843, NDCG@10 .1537: README of antklen/sasrec-bert4rec-recsys23 (hidden 64, 2 layers, 2 heads, mask .2, length 200, up to 200 "
    .. "epochs of batches of 128). Ours turns to examples that end with the hidden item, as evaluation asks it",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.bert4rec",
  knobs = { dim = 64, blocks = 2, heads = 2, hidden = 256, length = 200, mask = 0.2, positions = "start", dropout = 0.1, lr = 1e-3 },
  train = {
    optimizer = "adam", average = 0.995, batch = 64, epochs = 136, eval_every = 5, patience = 10,
    plan = { { epoch = 55, lr = 2e-3 }, { epoch = 69, last = 0.9, lr = 1e-3 }, { epoch = 128, lr = 5e-4 } },
  },
}
