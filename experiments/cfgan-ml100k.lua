local g = require "gusto"

return g.experiment {
  help = "CFGAN by users on MovieLens 100K in its own split, every rating positive.",
  source = "NDCG@20 .4078 with zero reconstruction by users, .4041 with both by items: additional material of F. Perez Maurera et al., ECIR 2022",
  data = g.data { "ml-100k", view = "cfgan" },
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "ndcg@20", "precision@20", "recall@20", "mrr@20" } },
  model = require "gusto.models.cfgan",
  knobs = { hidden = 256, zeros = 0.7, reconstruction = 0.02, partial = false, lr_discriminator = 3e-4, lr_generator = 3e-3 },
  train = { optimizer = "adam", batch = 64, epochs = 300, eval_every = 5, test_best = false },
}
