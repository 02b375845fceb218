local g = require "gusto"

-- RecBole's rule: a rating of 3 is left out, 4 and 5 are clicks, random 8:1:1.  Its fields have the year of release too.
return g.experiment {
  help = "WideDeep on MovieLens 1M as click-through: will a user like a film? AUC and logloss over all held-out ratings.",
  source = "AUC .8987, logloss .3155: WideDeep in RecBole's benchmark of context-aware models (ml-1m)",
  data = g.data { "ml-1m", view = "ratings", without_rating = 3, fields = "user,item,user.age:category,user.gender,user.occupation,item.genres" },
  protocol = g.protocol { split = "ratio", per_user = false, valid = 0.1, test = 0.1, positive = 4, metrics = { "roc_auc", "logloss" } },
  model = require "gusto.models.widedeep",
  knobs = { dim = 16, hidden = 256, layers = 3, dropout = 0.2, lr = 5e-3 },
  train = { optimizer = "adam", batch = 4096, negatives = 0, epochs = 30, patience = 3, monitor = "roc_auc" },
}
