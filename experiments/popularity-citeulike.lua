local g = require "gusto"

return g.experiment {
  help = "The most popular articles on CiteULike-a with the 100 published negatives per user.",
  source = "computed by independent scripts: HR, NDCG at 5 and 10 .1838, .1231, .2877, .1566 (ties to the target)",
  data = g.data "citeulike-a",
  protocol = g.protocol {
    split = "given", candidates = "given", ties = "best",
    metrics = { "hr@5", "ndcg@5", "hr@10", "ndcg@10" },
  },
  model = require "gusto.models.popularity",
}
