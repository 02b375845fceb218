local g = require "gusto"

return g.experiment {
  help = "NextItNet on MovieLens 1M as RecBole's benchmark filters it: ratings of 3 and more, 10-core, full ranking of 3,123 films.",
  source = "NDCG@10 .1220, HR@10 .2239: RecBole's benchmark of 2022 (ml-1m, sequential; embedding 64, width 3, dilations 1,4 five times, "
    .. "lr .003, early stop on NDCG@10)",
  data = g.data { "ml-1m", view = "ratings", min_rating = 3, kcore = 10 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "mrr@10" } },
  model = require "gusto.models.nextitnet",
  knobs = { dim = 64, width = 3, dilations = "1,4", repeats = 5, length = 200, dropout = 0.3, lr = 3e-3 },
  train = { optimizer = "adam", batch = 128, epochs = 60, patience = 6 },
}
