local g = require "gusto"

-- The two halves learn side by side, each for itself, and are added half and half; what is evaluated are running means of the weights.
-- Trained on together from there (stage = "joined", by Adam at 1e-4) they lost on validation.  All settings and the number of epochs
-- were chosen with the last training item of every user held out (valid_users = 6040 in the protocol), not on the test part: the
-- number that counts is that of the last epoch.
return g.experiment {
  help = "NeuMF on MovieLens 1M with the 99 published negatives per user.",
  source = "X. He et al., WWW 2017; retuned by Ferrari Dacrema et al., TOIS 2021 (64 factors, layers 256-128-64, pre-trained): "
    .. "HR@10 .7093, NDCG@10 .4349",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol { split = "given", candidates = "given", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.neumf",
  knobs = { factors = 64, layers = 2, stage = "apart", std = 0.05, lr = 1e-3 },
  train = {
    optimizer = "adam", average = 0.9999, batch = 512, negatives = 8, epochs = 10, monitor = "hr@10", test_best = false,
    plan = { { epoch = 7, lr = 3e-4 } },
  },
}
