local g = require "gusto"

return g.experiment {
  help = "What the user took most often, then what is popular, for the next basket, on DC.",
  source = "computed by independent scripts: recall, NDCG, PHR at 10 .4576, .3382, .5557",
  data = g.data "dc",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "recall@10", "ndcg@10", "hr@10" },
  },
  model = require "gusto.models.spop",
}
