local g = require "gusto"

return g.experiment {
  help = "Bench: I-AutoRec (500 sigmoid units) over observed ratings, weight decay, batches of 512 items.",
  data = g.data { "synthetic", shape = "ml1m", ratings = true },
  protocol = g.protocol { split = "leave_last", metrics = { "rmse" } },
  model = require "gusto.models.autorec",
  knobs = {},
  train = { optimizer = { "adam", weight_decay = 1e-4 }, batch = 512, epochs = 1 },
}
