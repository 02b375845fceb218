local g = require "gusto"

return g.experiment {
  help = "Bench: Caser (windows of 5, 3 targets, 50 wide, 4 vertical and 16 horizontal filters a height), batches of 512.",
  data = g.data { "synthetic", shape = "ml1m" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.caser",
  knobs = { dim = 50 },
  train = { optimizer = "adam", batch = 512, negatives = 3, sampler = "uniform", epochs = 1 },
}
