local g = require "gusto"

return g.experiment {
  help = "Items of the sessions that had the last item, on Nowplaying.",
  source = "computed by independent scripts: P@20, MRR@20 14.02 / 4.32 %",
  data = g.data "nowplaying",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "hr@20", "mrr@20" },
  },
  model = require "gusto.models.itemknn",
  knobs = { k = 100, keep = "source", similarity = "cosine", last = 1, silent = "never" },
}
