local g = require "gusto"

return g.experiment {
  help = "NeuMF on MovieLens 1M with the 99 published negatives per user.",
  source = "X. He et al., WWW 2017; retuned by Ferrari Dacrema et al., TOIS 2021: HR@10 .7093, NDCG@10 .4349",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol { split = "given", candidates = "given", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.neumf",
  knobs = { factors = 32, layers = 3, lr = 1e-3 },
  train = { optimizer = "adam", batch = 256, negatives = 4, epochs = 20, monitor = "hr@10" },
}
