local g = require "gusto"

-- The paper's batch of 500 is for twenty times as many users: 100 take five times as many steps of the same work.
return g.experiment {
  help = "Mult-VAE on MovieLens 1M, 80 / 10 / 10 % of each user's ratings.",
  source = "README of noveens/infinite_ae_cf: MVAE nDCG@10 22.14 %; D. Liang et al., WWW 2018, for layers and constants",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol { split = "given", candidates = "full", hide_validation = true, metrics = { "ndcg@10", "hr@10", "ndcg@100" } },
  model = require "gusto.models.multvae",
  knobs = { hidden = 600, code = 200, dropout = 0.5, beta = 0.2, anneal = 1000, lr = 1e-3 },
  train = { optimizer = "adam", batch = 100, epochs = 20, eval_every = 5 },
}
