local g = require "gusto"

-- BPR until epoch 20, where it is best on a fifth of each user's training items, adversarial from there on.  --epochs 20 is BPR alone;
-- --set epsilon=0, whose moved vectors are the vectors themselves, is BPR for as long as the whole.
return g.experiment {
  help = "APR on MovieLens 100K in the split of CFGAN: BPR until epoch 20, adversarial from there on.",
  source = "X. He et al., SIGIR 2018 (dim 64, epsilon .5, adv 1, pre-trained BPR, Adagrad .05, batch 512); MF-BPR on this split: NDCG@20 .3296 "
    .. "in the additional material of F. Perez Maurera et al., ECIR 2022",
  data = g.data { "ml-100k", view = "cfgan" },
  protocol = g.protocol { split = "given", candidates = "full", metrics = { "ndcg@20", "precision@20", "recall@20", "mrr@20" } },
  model = require "gusto.models.apr",
  knobs = { dim = 64, epsilon = 0.5, lr = 0.05 },
  train = {
    optimizer = "adagrad", batch = 512, negatives = 1, epochs = 80, eval_every = 20, test_best = false,
    plan = { { epoch = 20, adv = 1 } },
  },
}
