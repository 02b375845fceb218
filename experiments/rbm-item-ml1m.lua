local g = require "gusto"

-- Quick form: --epochs 8 (validation rmse about .878).
return g.experiment {
  help = "Conditional RBM over items on MovieLens 1M, CD-1 rising to CD-5: ratings predicted, random 88/2/10.",
  source = "RMSE .854: I-RBM in S. Sedhain et al., AutoRec, WWW 2015 (random 90/10); the rise of CD is that of R. Salakhutdinov et al., "
    .. "ICML 2007",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", valid = 0.02, test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.rbm",
  knobs = { by = "item", hidden = 100, conditional = true, cd = 1, lr = 2e-3 },
  train = {
    optimizer = "adam", average = 0.99, batch = 64, epochs = 44, monitor = "rmse",
    plan = { { epoch = 16, cd = 3, lr = 1e-3 }, { epoch = 26, cd = 5, lr = 3e-4 } },
  },
}
