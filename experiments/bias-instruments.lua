local g = require "gusto"

return g.experiment {
  help = "The mean, the user's and the item's deviation on Amazon Musical Instruments, random 80/10/10; --seed draws another "
    .. "split.",
  source = "MSE .695 / .781 / .717, MAE .623 to .633 on three random splits, computed with ridge penalties",
  data = g.data "amazon-instruments",
  protocol = g.protocol {
    split = "ratio", valid = 0.1, test = 0.1, per_user = false, seed = "run",
    metrics = { "rmse", "mae" },
  },
  model = require "gusto.models.bias",
}
