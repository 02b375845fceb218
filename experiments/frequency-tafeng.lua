local g = require "gusto"

return g.experiment {
  help = "What the user took most often, then what is popular, for the next basket, on Ta-Feng.",
  source = "computed by independent scripts: recall, NDCG, PHR at 10 .1484, .1359, .4393",
  data = g.data "tafeng",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "recall@10", "ndcg@10", "hr@10" },
  },
  model = require "gusto.models.spop",
}
