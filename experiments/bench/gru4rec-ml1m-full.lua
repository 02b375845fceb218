local g = require "gusto"

return g.experiment {
  help = "Bench: GRU of 100 over 50 steps, softmax over all items, batches of 128.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.gru4rec",
  knobs = { cell = "gru", dim = 100, hidden = 100, tied = false, bias = true, length = 50, loss = "ce" },
  train = { optimizer = "adam", batch = 128, negatives = 0, epochs = 1 },
}
