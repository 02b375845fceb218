local g = require "gusto"

return g.experiment {
  help = "What the session clicked most often, on Yoochoose 1/64.",
  source = "computed by independent scripts: P@20, MRR@20 26.47 / 17.85 % where only clicked items are recommended",
  data = g.data "yoochoose64",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "hr@20", "mrr@20" },
  },
  model = require "gusto.models.spop",
  knobs = { rest = "never" },
}
