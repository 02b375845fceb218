local g = require "gusto"

return g.experiment {
  help = "Bench: SASRec (2 blocks, 1 head, 50 wide, length 50), softmax over all items.",
  data = g.data { "synthetic", shape = "beauty" },
  protocol = g.protocol { split = "leave_last", candidates = "full", metrics = { "hr@10" } },
  model = require "gusto.models.sasrec",
  knobs = { dim = 50, length = 50, dropout = 0.5, loss = "ce" },
  train = { optimizer = "adam", batch = 128, negatives = 0, epochs = 1 },
}
