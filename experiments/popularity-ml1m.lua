local g = require "gusto"

return g.experiment {
  help = "The most popular films for everybody, on MovieLens 1M with the 99 published negatives per user.",
  source = "TopPopular in Ferrari Dacrema et al., TOIS 2021: HR@10 .4533, NDCG@10 .2542",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol { split = "given", candidates = "given", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.popularity",
}
