local g = require "gusto"

return g.experiment {
  help = "Bench: CFGAN over users (generator 400, discriminator 125), a round is 64 rows for the discriminator and 32 for the generator.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.cfgan",
  knobs = { hidden = 400, d_hidden = 125, zeros = 0.4, masked = 0.1, reconstruction = 0.03, reg_generator = 0, d_steps = 2 },
  train = { optimizer = "adam", batch = 32, epochs = 1 },
}
