local g = require "gusto"

return g.experiment {
  help = "SASRec on Amazon Beauty with the paper's settings, full ranking of 12,101 items.",
  source = "W.-C. Kang, J. McAuley, ICDM 2018: 2 blocks, 1 head, dim 50, length 50, dropout .5, batch 128, Adam 1e-3",
  data = g.data "amazon-beauty",
  protocol = g.protocol { split = "leave_one_out", candidates = "full", metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 50, blocks = 2, heads = 1, length = 50, dropout = 0.5, loss = "bce", lr = 1e-3 },
  train = { optimizer = { "adam", beta2 = 0.98 }, batch = 128, negatives = 1, epochs = 200, patience = 20 },
}
