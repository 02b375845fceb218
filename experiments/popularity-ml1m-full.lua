local g = require "gusto"

return g.experiment {
  help = "The most popular films on MovieLens 1M, the last film of each user held out, all others counted, full ranking.",
  source = "computed by independent scripts: HR@10 .0363, NDCG@10 .0178",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_last", candidates = "full", ties = "first", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.popularity",
}
