local g = require "gusto"

return g.experiment {
  help = "EASE on MovieLens 1M in the split of BARS.",
  source = "computed by independent scripts: recall@20, NDCG@20 .2755, .2674 with lambda 1000; .2759, .2660 with 500; .2708, "
    .. ".2592 with 200",
  data = g.data "ml-1m-m1",
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "recall@20", "ndcg@20", "precision@20" } },
  model = require "gusto.models.ease",
  knobs = { lambda = 1000 },
}
