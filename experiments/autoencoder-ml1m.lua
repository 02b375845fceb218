local g = require "gusto"

return g.experiment {
  help = "A denoising autoencoder with one hidden layer on MovieLens 1M, 80 / 10 / 10 % of each user's ratings. Others by knobs: "
    .. "keep=50 (k-sparse), sparsity=0.1 loss=bce (KL-sparse), contraction=1e-4, tied=true, layers=2.",
  source = "P. Vincent et al., JMLR 2010; no published number on this split (Mult-VAE: nDCG@10 22.14 %)",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol { split = "given", candidates = "full", hide_validation = true, metrics = { "ndcg@10", "hr@10", "ndcg@100" } },
  model = require "gusto.models.autoencoder",
  knobs = { hidden = 400, loss = "ce", noise = 0.5, lr = 1e-3 },
  train = { optimizer = "adam", batch = 500, epochs = 40, eval_every = 5 },
}
