local g = require "gusto"

return g.experiment {
  help = "Wide & Deep on Frappe: will a user use an app in a context? AUC and logloss over all held-out interactions.",
  source = "AUC .9841, logloss .1490: Wide&Deep on Frappe_x1 in the BARS benchmark (frappe_x1.csv)",
  data = g.data { "frappe", fields = "user,item,daytime,weekday,isweekend,homework,cost,weather,country,city" },
  protocol = g.protocol { split = "given", metrics = { "roc_auc", "logloss" } },
  model = require "gusto.models.widedeep",
  knobs = { dim = 10, hidden = 400, layers = 3, dropout = 0.2, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, negatives = 2, epochs = 20, patience = 2, monitor = "roc_auc" },
}
