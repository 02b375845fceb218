local g = require "gusto"

return g.experiment {
  help = "Bench: Mult-VAE (600-200-600) over 20,108 items, batches of 500 users.",
  data = g.data { "synthetic", shape = "ml20m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.multvae",
  knobs = { anneal = 0 },
  train = { optimizer = "adam", batch = 500, epochs = 1 },
}
