local g = require "gusto"

return g.experiment {
  help = "A deep belief net over items on MovieLens 1M: two machines one after the other, then fine-tuned as an autoencoder.",
  source = "G. Hinton, R. Salakhutdinov, Science 2006 (the method); no published number for these data",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", valid = 0.05, test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.dbn",
  knobs = { by = "item", layers = 2, hidden = 200, deeper = 100, stage = 1, lr = 2e-3 },
  train = {
    optimizer = "adam", batch = 64, epochs = 50, monitor = "rmse",
    plan = { { epoch = 15, stage = 2 }, { epoch = 20, stage = 3, lr = 1e-3 } },
  },
}
