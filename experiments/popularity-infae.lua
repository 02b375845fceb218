local g = require "gusto"

return g.experiment {
  help = "The most popular films on MovieLens 1M, 80 / 10 / 10 % of each user's ratings.",
  source = "README of noveens/infinite_ae_cf: PopRec nDCG@10 13.84 %",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol {
    split = "given", candidates = "full", hide_validation = true,
    metrics = { "ndcg@10", "hr@10", "ndcg@100" },
  },
  model = require "gusto.models.popularity",
}
