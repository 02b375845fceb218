local g = require "gusto"

return g.experiment {
  help = "Mean and deviations of users and items on a fold of MovieLens 100K (--data ml-100k:u2 for another).",
  source = "computed by independent scripts: RMSE of the folds u1 to u5 .9553, .9445, .9379, .9361, .9381",
  data = g.data { "ml-100k", view = "u1" },
  protocol = g.protocol { split = "given", metrics = { "rmse", "mae" } },
  model = require "gusto.models.bias",
}
