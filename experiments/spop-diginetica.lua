local g = require "gusto"

return g.experiment {
  help = "What the session clicked most often, on Diginetica.",
  source = "computed by independent scripts: P@20, MRR@20 20.51 / 13.61 % where only clicked items are recommended",
  data = g.data "diginetica",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "hr@20", "mrr@20" },
  },
  model = require "gusto.models.spop",
  knobs = { rest = "never" },
}
