local g = require "gusto"

return g.experiment {
  help = "gSASRec (256 negatives, calibrated loss) on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .3003, NDCG@10 .1726: README of asash/gSASRec-pytorch (256 negatives, t .75; 128 numbers, dropout .5, targets with a table "
    .. "of their own). Ours: 64 numbers as in sasrec-ml1m-ce, one table, scores that start at the targets' share",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10", "hr@1" } },
  model = require "gusto.models.sasrec",
  knobs = {
    dim = 64, blocks = 2, heads = 1, length = 200, dropout = 0.1, loss = "gbce", calibration = 0.75, offset = -6.7, lr = 1e-3,
  },
  train = {
    optimizer = { "adam", beta2 = 0.98 }, average = 0.995, batch = 128, negatives = 256, sampler = "uniform", epochs = 60,
    eval_every = 2, patience = 20,
  },
}
