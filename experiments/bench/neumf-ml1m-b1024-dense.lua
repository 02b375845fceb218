local g = require "gusto"

return g.experiment {
  help = "Bench: as neumf-ml1m-b1024, with exact dense Adam: untouched rows fade and move too.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.neumf",
  knobs = { factors = 8, layers = 3 },
  train = { optimizer = { "adam", lazy = false }, batch = 1024, negatives = 4, sampler = "uniform", epochs = 1 },
}
