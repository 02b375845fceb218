local g = require "gusto"

return g.experiment {
  help = "Mult-DAE on MovieLens 1M, 80 / 10 / 10 % of each user's ratings.",
  source = "D. Liang et al., WWW 2018; no published number on this split (Mult-VAE: nDCG@10 22.14 %)",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol { split = "given", candidates = "full", hide_validation = true, metrics = { "ndcg@10", "hr@10", "ndcg@100" } },
  model = require "gusto.models.multvae",
  knobs = { variant = "dae", hidden = 600, code = 200, dropout = 0.5, lr = 1e-3 },
  train = { optimizer = "adam", batch = 500, epochs = 60, eval_every = 5 },
}
