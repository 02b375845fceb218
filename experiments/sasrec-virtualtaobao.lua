local g = require "gusto"

return g.experiment {
  help = "SASRec on the log of Virtual Taobao (which of 64 random weight vectors were clicked on): the supervised contestant.",
  source = "no published number; compared with agents by `gusto arena experiments/bandit-virtualtaobao.lua RUN...`",
  data = g.data { env = g.env { "virtual_taobao", users = 200, codes = 64 }, interactions = 20000 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", mask_seen = false, metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 32, blocks = 1, heads = 1, length = 50, dropout = 0.2, loss = "ce", lr = 1e-3 },
  train = { optimizer = "adam", batch = 128, negatives = 0, epochs = 20, patience = 5 },
}
