local g = require "gusto"

return g.experiment {
  help = "Matrix factorisation on MovieLens 1M with the 99 published negatives per user.",
  source = "S. Rendle et al., RecSys 2020: dim 192, 8 negatives, reg .005, std .1, lr .002, 256 epochs of SGD",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol { split = "given", candidates = "given", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.mf",
  knobs = { dim = 192, loss = "bce", reg = 0.005, std = 0.1, lr = 2e-3 },
  train = { optimizer = "adam", batch = 1024, negatives = 8, epochs = 30, monitor = "hr@10" },
}
