local g = require "gusto"

return g.experiment {
  help = "Bench: RBM over users, 100 hidden units, CD-1 with momentum, batches of 1,000.",
  data = g.data { "synthetic", shape = "ml1m", ratings = true },
  protocol = g.protocol { split = "leave_last", metrics = { "rmse" } },
  model = require "gusto.models.rbm",
  knobs = { hidden = 100, conditional = false, lr = 0.05 },
  train = { optimizer = { "sgd", momentum = 0.9 }, batch = 1000, epochs = 1 },
}
