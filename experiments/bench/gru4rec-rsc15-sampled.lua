local g = require "gusto"

return g.experiment {
  help = "Bench: GRU of 100 over 50 steps, softmax over the target and 2,048 shared negatives, batches of 128.",
  data = g.data { "synthetic", shape = "rsc15" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.gru4rec",
  knobs = { cell = "gru", dim = 100, hidden = 100, tied = false, bias = true, length = 50, loss = "sampled_ce", logq = 0, sampler = "uniform" },
  train = { optimizer = "adam", batch = 128, negatives = 2048, epochs = 1 },
}
