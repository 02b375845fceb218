local g = require "gusto"

return g.experiment {
  help = "Binary NADE over the films of a user on MovieLens 1M, random order: full ranking on the split of Infinite-AE.",
  source = "H. Larochelle, I. Murray, AISTATS 2011: 500 hidden units (the method); no published number for these data",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol { split = "given", candidates = "full", hide_validation = true, metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.nade",
  knobs = { hidden = 500, order = "random", lr = 1e-3 },
  train = { optimizer = "adam", batch = 100, epochs = 50, monitor = "ndcg@10", patience = 10 },
}
