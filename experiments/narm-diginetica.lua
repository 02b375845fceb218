local g = require "gusto"

return g.experiment {
  help = "NARM on Diginetica: every proper prefix of a test session predicts its next click.",
  source = "no verified number; evaluations are on the test part: quote the last one",
  data = g.data "diginetica",
  protocol = g.protocol { split = "given", candidates = "full", mask_seen = false, metrics = { "hr@20", "mrr@20" } },
  model = require "gusto.models.narm",
  knobs = { dim = 50, hidden = 100, length = 70, dropout_embed = 0.2, dropout = 0.2, loss = "sampled_ce", alpha = 0.5, lr = 4e-3 },
  train = {
    optimizer = "adam", average = 0.999, batch = 64, negatives = 512, epochs = 6, monitor = "hr@20", eval_every = 6, test_best = false,
  },
}
