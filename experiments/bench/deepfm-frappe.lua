local g = require "gusto"

local fields = {}
for f = 1, 10 do fields[f] = "f" .. f end

return g.experiment {
  help = "Bench: DeepFM (16 wide, tower 128-128) on 10 fields of 5,382 words, batches of 4,096.",
  data = g.data { "synthetic", shape = "frappe", fields = table.concat(fields, ",") },
  protocol = g.protocol { split = "given", metrics = { "roc_auc" } },
  model = require "gusto.models.deepfm",
  knobs = { dim = 16, hidden = 128, layers = 2, dropout = 0 },
  train = { optimizer = "adam", batch = 4096, negatives = 0, epochs = 1 },
}
