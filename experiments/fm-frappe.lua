local g = require "gusto"

return g.experiment {
  help = "Factorisation machine on Frappe: will a user use an app in a context? AUC and logloss over all held-out interactions.",
  source = "AUC .9671, logloss .2065: FM on Frappe_x1 in the BARS benchmark (frappe_x1.csv)",
  data = g.data { "frappe", fields = "user,item,daytime,weekday,isweekend,homework,cost,weather,country,city" },
  protocol = g.protocol { split = "given", metrics = { "roc_auc", "logloss" } },
  model = require "gusto.models.fm",
  knobs = { dim = 10, lr = 1e-3 },
  train = { optimizer = "adam", batch = 512, negatives = 2, epochs = 40, patience = 3, monitor = "roc_auc" },
}
