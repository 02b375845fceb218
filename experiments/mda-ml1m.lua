local g = require "gusto"

return g.experiment {
  help = "Marginalized denoising autoencoder on MovieLens 1M, 80 / 10 / 10 % of each user's ratings; compare with "
    .. "ease-infae.lua.",
  source = "no published number on this split; EASE of the same family: nDCG@10 29.88 % (README of noveens/infinite_ae_cf)",
  data = g.data { "ml-1m", view = "infae" },
  protocol = g.protocol {
    split = "given", candidates = "full", hide_validation = true,
    metrics = { "ndcg@10", "hr@10", "ndcg@100" },
  },
  model = require "gusto.models.mda",
  knobs = { corruption = 0.8, layers = 1 },
}
