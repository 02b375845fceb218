local g = require "gusto"

return g.experiment {
  help = "EASE on MovieLens 100K in the split of CFGAN, every rating positive.",
  source = "computed by independent scripts: precision, recall, MRR, NDCG at 20 .2933, .3547, .6875, .4370; at 5 .4464, "
    .. ".1544, .6762, .4808",
  data = g.data { "ml-100k", view = "cfgan" },
  protocol = g.protocol {
    split = "given", candidates = "full", ties = "first",
    metrics = { "precision@20", "recall@20", "mrr@20", "ndcg@20", "precision@5", "recall@5", "mrr@5", "ndcg@5" },
  },
  model = require "gusto.models.ease",
  knobs = { lambda = 300 },
}
