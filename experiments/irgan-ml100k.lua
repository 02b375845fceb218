local g = require "gusto"

return g.experiment {
  help = "IRGAN on MovieLens 100K in its own split, ratings of 4 and 5 positive; the generator is trained alone first.",
  source = "MLE, BPR and LambdaFM as its baselines; P@5 .375 is remembered from the SIGIR 2017 paper and not checked",
  data = g.data { "ml-100k", view = "irgan", min_rating = 4 },
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "precision@5", "ndcg@5", "precision@10", "ndcg@10", "map", "mrr" } },
  model = require "gusto.models.irgan",
  knobs = { dim = 5, samples = 64, warm_steps = 1, d_steps = 0, g_steps = 0, lr_warm = 1e-2 },
  train = {
    optimizer = "adam", batch = 64, epochs = 120, eval_every = 5, test_best = false,
    plan = { { epoch = 50, warm_steps = 0, d_steps = 30, g_steps = 15 } },
  },
}
