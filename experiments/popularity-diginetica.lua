local g = require "gusto"

return g.experiment {
  help = "The most clicked items on Diginetica, for every session.",
  source = "computed by independent scripts: P@20, MRR@20 .93 / .21 %",
  data = g.data "diginetica",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "hr@20", "mrr@20" },
  },
  model = require "gusto.models.popularity",
}
