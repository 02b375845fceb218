local g = require "gusto"

return g.experiment {
  help = "ItemKNN (cosine) on CiteULike-a with the 100 published negatives per user.",
  source = "ItemKNN CF cosine in Ferrari Dacrema et al., TOIS 2021: HR, NDCG at 5 and 10 .8247, .7045, .8925, .7267",
  data = g.data "citeulike-a",
  protocol = g.protocol {
    split = "given", candidates = "given", ties = "best",
    metrics = { "hr@5", "ndcg@5", "hr@10", "ndcg@10" },
  },
  model = require "gusto.models.itemknn",
  knobs = { k = 200, similarity = "cosine", weighting = "tfidf" },
}
