local g = require "gusto"

return g.experiment {
  help = "Item-based CF-NADE on MovieLens 1M: ratings predicted, random 90/10.",
  source = "RMSE .829 with two hidden layers: Y. Zheng et al., ICML 2016; 500 hidden units, ordinal cost, Adam 1e-3, batch 512",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.cfnade",
  knobs = { by = "item", hidden = 500, layers = 1, ordinal = 1, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, epochs = 30, monitor = "rmse" },
}
