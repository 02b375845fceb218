local g = require "gusto"

return g.experiment {
  help = "Bench: CFGAN over users (generator 400, discriminator 125), a step of each player a round, batches of 64.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.cfgan",
  knobs = { hidden = 400, d_hidden = 125, zeros = 0.5, reconstruction = 0.03 },
  train = { optimizer = "adam", batch = 64, epochs = 1 },
}
