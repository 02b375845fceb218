local g = require "gusto"

return g.experiment {
  help = "The most popular items on Amazon Beauty, the last item of each user held out, all others counted, full ranking.",
  source = "computed by independent scripts: HR, NDCG at 5, 10, 20 .0077, .0135, .0217; .0042, .0061, .0081",
  data = g.data "amazon-beauty",
  protocol = g.protocol {
    split = "leave_last", candidates = "full", ties = "first",
    metrics = { "hr@5", "hr@10", "hr@20", "ndcg@5", "ndcg@10", "ndcg@20" },
  },
  model = require "gusto.models.popularity",
}
