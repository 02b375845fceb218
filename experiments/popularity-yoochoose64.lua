local g = require "gusto"

return g.experiment {
  help = "The most clicked items on Yoochoose 1/64, for every session.",
  source = "computed by independent scripts: P@20, MRR@20 7.31 / 1.69 %",
  data = g.data "yoochoose64",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "hr@20", "mrr@20" },
  },
  model = require "gusto.models.popularity",
}
