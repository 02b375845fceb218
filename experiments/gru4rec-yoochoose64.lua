local g = require "gusto"

return g.experiment {
  help = "GRU4Rec on Yoochoose 1/64: every proper prefix of a test session predicts its next click.",
  source = "P@20 60.64, MRR@20 22.89 %: GRU4Rec as quoted with SR-GNN (Hindawi MPE 2020/9290576, table 5); evaluations are on the test part: quote the last one",
  data = g.data "yoochoose64",
  protocol = g.protocol { split = "given", candidates = "full", mask_seen = false, metrics = { "hr@20", "mrr@20" } },
  model = require "gusto.models.gru4rec",
  knobs = { dim = 64, hidden = 64, length = 100, dropout_embed = 0.2, dropout = 0.2, loss = "sampled_ce", alpha = 0.5, lr = 4e-3 },
  train = { optimizer = "adam", batch = 64, negatives = 512, epochs = 4, monitor = "hr@20", eval_every = 4, test_best = false },
}
