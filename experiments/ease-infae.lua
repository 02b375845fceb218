local g = require "gusto"

return g.experiment {
  help = "EASE on MovieLens 1M, 80 / 10 / 10 % of each user's ratings.",
  source = "README of noveens/infinite_ae_cf: EASE nDCG@10 29.88 %",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol {
    split = "given", candidates = "full", hide_validation = true,
    metrics = { "ndcg@10", "hr@10", "ndcg@100" },
  },
  model = require "gusto.models.ease",
  knobs = { lambda = 100 },
}
