local g = require "gusto"

return g.experiment {
  help = "NARRE on Amazon Musical Instruments, random 80/10/10; --seed draws another split.",
  source = "no published number holds across splits: the error of the user and item bias on the same splits is the bar "
    .. "(MSE .695 to .781 by split)",
  data = g.data "amazon-instruments",
  protocol = g.protocol { split = "ratio", valid = 0.1, test = 0.1, per_user = false, seed = "run", metrics = { "rmse", "mae" } },
  model = require "gusto.models.narre",
  knobs = { vocabulary = 5000, words = 120, reviews = 20, word_dim = 32, filters = 32, lr = 1e-3, dropout = 0.5 },
  train = { optimizer = "adam", batch = 128, epochs = 20, patience = 6 },
}
