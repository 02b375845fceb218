local g = require "gusto"

-- Quick form: --epochs 10 (validation rmse about .916).
return g.experiment {
  help = "Conditional RBM over users on MovieLens 1M: ratings predicted, random 80/10/10.",
  source = "RMSE .881: U-RBM in S. Sedhain et al., AutoRec, WWW 2015 (random 90/10); R. Salakhutdinov et al., ICML 2007: 100 hidden "
    .. "units, momentum .9, weight decay .001",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", valid = 0.1, test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.rbm",
  knobs = { by = "user", hidden = 100, conditional = true, cd = 1, lr = 0.01 },
  train = { optimizer = { "sgd", momentum = 0.9, decay = 0.001 }, batch = 100, epochs = 40, monitor = "rmse" },
}
