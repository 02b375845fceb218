local g = require "gusto"

return g.experiment {
  help = "Caser on MovieLens 1M as RecBole's benchmark filters it: ratings of 3 and more, 10-core, full ranking of 3,123 films.",
  source = "NDCG@10 .1061, HR@10 .2039: RecBole's benchmark of 2022 (ml-1m, sequential; embedding 64, cross-entropy, lr .003, early "
    .. "stop on NDCG@10)",
  data = g.data { "ml-1m", view = "ratings", min_rating = 3, kcore = 10 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.caser",
  knobs = { dim = 64, length = 5, targets = 3, loss = "bce", dropout = 0.2, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, negatives = 3, epochs = 20, patience = 3 },
}
