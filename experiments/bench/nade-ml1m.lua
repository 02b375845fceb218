local g = require "gusto"

return g.experiment {
  help = "Bench: CF-NADE over users, 500 hidden units, softmax cost behind a random cut, batches of 512.",
  data = g.data { "synthetic", shape = "ml1m", ratings = true },
  protocol = g.protocol { split = "leave_last", metrics = { "rmse" } },
  model = require "gusto.models.cfnade",
  knobs = { hidden = 500, ordinal = 0, std = 0.005 },
  train = { optimizer = "adam", batch = 512, epochs = 1 },
}
