local g = require "gusto"

return g.experiment {
  help = "The most popular films on MovieLens 1M in the split of BARS.",
  source = "computed by independent scripts: recall@20 .1161, NDCG@20 .1176",
  data = g.data "ml-1m-m1",
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "recall@20", "ndcg@20", "precision@20" } },
  model = require "gusto.models.popularity",
}
