local g = require "gusto"

-- Where the published negatives hold the test item itself (156 lists) the study counts it once: ties go to the target.
return g.experiment {
  help = "ItemKNN (cosine, BM25) on MovieLens 1M with the 99 published negatives per user.",
  source = "ItemKNN CF cosine in Ferrari Dacrema et al., TOIS 2021: HR@10 .6694, NDCG@10 .3979",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol {
    split = "given", candidates = "given", ties = "best",
    metrics = { "hr@10", "ndcg@10", "hr@1", "hr@5", "ndcg@5" },
  },
  model = require "gusto.models.itemknn",
  knobs = { k = 111, similarity = "cosine", weighting = "bm25", shrink = 298 },
}
