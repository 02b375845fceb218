local g = require "gusto"

return g.experiment {
  help = "SASRec on the log of interest evolution (what people watched from random slates): the supervised contestant of the arena.",
  source = "no published number: compared with agents on one reward by `gusto arena experiments/slateq-interest-evolution.lua RUN...`",
  data = g.data { env = g.env { "interest_evolution", users = 200, candidates = 10, slate = 3 }, interactions = 60000 },
  protocol = g.protocol { split = "leave_one_out", candidates = "full", mask_seen = false, metrics = { "ndcg@10", "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 32, blocks = 1, heads = 1, length = 50, dropout = 0.2, loss = "ce", lr = 1e-3 },
  train = { optimizer = "adam", batch = 128, negatives = 0, epochs = 20, patience = 5 },
}
