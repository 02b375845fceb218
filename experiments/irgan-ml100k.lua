local g = require "gusto"

-- Settings and numbers of epochs were chosen on a random fifth of each user's training items.
return g.experiment {
  help = "IRGAN on MovieLens 100K in its own split, ratings of 4 and 5 positive; the generator is trained alone first.",
  source = "P@5 .3474 before and .3579 after the game in the authors' log (ml-100k/gen_log.txt of geek-ai/irgan); .375 is remembered from the "
    .. "SIGIR 2017 paper",
  data = g.data { "ml-100k", view = "irgan", min_rating = 4 },
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "precision@5", "ndcg@5", "precision@10", "ndcg@10", "map", "mrr" } },
  model = require "gusto.models.irgan",
  knobs = {
    dim = 5, samples = 64, warm_steps = 1, d_steps = 0, g_steps = 0, hard = 10, reg_warm = 0.03, lr_warm = 1e-2, lr_discriminator = 1e-2,
    lr_generator = 1e-3,
  },
  train = {
    optimizer = "adam", batch = 64, epochs = 140, eval_every = 20, test_best = false,
    plan = { { epoch = 80, warm_steps = 0, d_steps = 30, g_steps = 15 } },
  },
}
