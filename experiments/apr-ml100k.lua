local g = require "gusto"

return g.experiment {
  help = "APR on MovieLens 100K in the split of CFGAN: BPR until epoch 60, adversarial from there on. --set adv=0 and an empty plan is BPR.",
  source = "X. He et al., SIGIR 2018 (dim 64, eps .5, adv 1, pre-trained BPR, Adagrad .05, batch 512); MF-BPR on this split: NDCG@20 .3296 "
    .. "in the additional material of F. Perez Maurera et al., ECIR 2022",
  data = g.data { "ml-100k", view = "cfgan" },
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "ndcg@20", "precision@20", "recall@20", "mrr@20" } },
  model = require "gusto.models.apr",
  knobs = { dim = 64, epsilon = 0.5, lr = 0.05 },
  train = {
    optimizer = "adagrad", batch = 512, negatives = 1, epochs = 120, eval_every = 5, test_best = false,
    plan = { { epoch = 60, adv = 1 } },
  },
}
