local g = require "gusto"

return g.experiment {
  help = "Item-based CF-NADE, one hidden layer, on MovieLens 1M: ratings predicted, random 88/2/10.",
  source = "Y. Zheng et al., ICML 2016: RMSE .829 with two hidden layers on random 90/10; 500 hidden units, tanh, ordinal cost, Adam 1e-3, "
    .. "batch 512",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", valid = 0.02, test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.cfnade",
  knobs = { by = "item", hidden = 500, layers = 1, ordinal = 1, std = 0.0175, lr = 1e-3 },
  train = {
    optimizer = "adam", average = 0.995, weight_decay = 0.02, batch = 512, epochs = 200, eval_every = 5, monitor = "rmse",
    plateau = 2, plateau_cut = 0.5, patience = 4,
  },
}
