local g = require "gusto"

return g.experiment {
  help = "GRU4Rec on MovieLens 1M as RecBole filters it (ratings of 3 or more, 10-core), full ranking.",
  source = "HR@10 .2776, NDCG@10 .1545: GRU4Rec in the benchmark folder of RUCAIBox/RecBole (embedding 64, 2 layers, lr .005; its window is 50, ours 200)",
  data = g.data { "ml-1m", view = "ratings", min_rating = 3, kcore = 10 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.gru4rec",
  knobs = { dim = 64, hidden = 128, layers = 2, length = 200, dropout_embed = 0.3, dropout = 0, loss = "ce", lr = 2e-3 },
  train = { optimizer = "adam", batch = 64, average = 0.995, negatives = 0, epochs = 60, patience = 5 },
}
