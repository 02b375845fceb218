local g = require "gusto"

return g.experiment {
  help = "EASE on FilmTrust, every rating positive, 80 / 20 % at random.",
  source = "EASE R in Ferrari Dacrema et al., TOIS 2021: precision, recall, MAP, NDCG, MRR at 10 .3597, .6590, .4990, .5805, "
    .. ".6717",
  data = g.data "filmtrust",
  protocol = g.protocol {
    split = "ratio", per_user = false, valid = 0, test = 0.2, seed = "run", candidates = "full",
    metrics = { "precision@10", "recall@10", "map@10", "ndcg@10", "mrr@10" },
  },
  model = require "gusto.models.ease",
  knobs = { lambda = 100 },
}
