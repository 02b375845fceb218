local g = require "gusto"

return g.experiment {
  help = "gSASRec (many negatives, calibrated loss) on MovieLens 1M, full ranking of 3,416 films.",
  source = "HR@10 .3003, NDCG@10 .1726 with 256 negatives, t .75: README of asash/gSASRec-pytorch",
  data = g.data { "ml-1m", view = "sasrec" },
  protocol = g.protocol {
    split = "leave_one_out", valid_users = 512, candidates = "full", metrics = { "ndcg@10", "hr@10", "hr@1" },
  },
  model = require "gusto.models.sasrec",
  knobs = { dim = 128, blocks = 2, heads = 1, length = 200, dropout = 0.5, loss = "gbce", calibration = 0.75, lr = 1e-3 },
  train = { optimizer = "adam", batch = 128, negatives = 256, sampler = "uniform", epochs = 300, eval_every = 2, patience = 20 },
}
