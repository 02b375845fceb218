local g = require "gusto"

return g.experiment {
  help = "The most popular items for everybody's next basket, on Ta-Feng.",
  source = "computed by independent scripts: recall, NDCG, PHR at 10 .1025, .0974, .3047",
  data = g.data "tafeng",
  protocol = g.protocol {
    split = "given", candidates = "full", mask_seen = false, ties = "first",
    metrics = { "recall@10", "ndcg@10", "hr@10" },
  },
  model = require "gusto.models.popularity",
}
