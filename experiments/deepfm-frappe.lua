local g = require "gusto"

-- BARS's settings; the cut of the rate stands for its cut where validation stops to improve (epoch 8 in its log).  The negatives are
-- drawn once, as those of the published file are.
return g.experiment {
  help = "DeepFM on Frappe: will a user use an app in a context? AUC and logloss over all held-out interactions.",
  source = "AUC .9842, logloss .1482, best of five runs (mean .9839): DeepFM on Frappe_x1 in the BARS benchmark (frappe_x1.csv)",
  data = g.data { "frappe", fields = "user,item,daytime,weekday,isweekend,homework,cost,weather,country,city" },
  protocol = g.protocol { split = "given", metrics = { "roc_auc", "logloss" } },
  model = require "gusto.models.deepfm",
  knobs = { dim = 10, hidden = 400, layers = 3, dropout = 0.2, batch_norm = true, std = 1e-4, reg_table = 0.05, redraw = false, lr = 1e-3 },
  train = {
    optimizer = "adam", batch = 4096, negatives = 2, epochs = 16, patience = 4, monitor = "roc_auc",
    plan = { { epoch = 8, lr = 1e-4 }, { epoch = 14, lr = 1e-5 } },
  },
}
