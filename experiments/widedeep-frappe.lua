local g = require "gusto"

-- BARS's settings: the rate is cut tenfold where an epoch does not improve validation.  The negatives are drawn once, as those of the
-- published file are.
return g.experiment {
  help = "Wide & Deep on Frappe: will a user use an app in a context? AUC and logloss over all held-out interactions.",
  source = "AUC .9841, logloss .1490, best of five runs (mean .9831): Wide&Deep on Frappe_x1 in the BARS benchmark (frappe_x1.csv)",
  data = g.data { "frappe", fields = "user,item,daytime,weekday,isweekend,homework,cost,weather,country,city" },
  protocol = g.protocol { split = "given", metrics = { "roc_auc", "logloss" } },
  model = require "gusto.models.widedeep",
  knobs = { dim = 10, hidden = 400, layers = 3, dropout = 0.6, batch_norm = true, std = 1e-4, reg_table = 0.1, redraw = false, lr = 1e-3 },
  train = {
    optimizer = "adam", batch = 4096, negatives = 2, epochs = 30, plateau = 1, plateau_cut = 0.1, patience = 2, monitor = "roc_auc",
  },
}
