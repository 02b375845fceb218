local g = require "gusto"

return g.experiment {
  help = "NARM on Yoochoose 1/64: every proper prefix of a test session predicts its next click.",
  source = "P@20 68.32, MRR@20 28.63 %: NARM as quoted with SR-GNN (Hindawi MPE 2020/9290576, table 5); evaluations are on the test part: quote the last one",
  data = g.data "yoochoose64",
  protocol = g.protocol { split = "given", candidates = "full", mask_seen = false, metrics = { "hr@20", "mrr@20" } },
  model = require "gusto.models.narm",
  knobs = { dim = 50, hidden = 100, length = 100, dropout_embed = 0.2, dropout = 0.2, loss = "sampled_ce", alpha = 0.5, lr = 4e-3 },
  train = {
    optimizer = "adam", average = 0.999, batch = 64, negatives = 512, epochs = 6, monitor = "hr@20", eval_every = 6, test_best = false,
  },
}
