local g = require "gusto"

return g.experiment {
  help = "U-AutoRec on MovieLens 1M: rating prediction on a random tenth of all ratings, from the user's other ratings.",
  source = "S. Sedhain et al., WWW 2015: RMSE .874 (poster of the authors; 500 hidden units, random 90/10 splits)",
  data = g.data { "ml-1m", view = "ratings" },
  protocol = g.protocol { split = "ratio", per_user = false, valid = 0, test = 0.1, metrics = { "rmse", "mae" } },
  model = require "gusto.models.autorec",
  knobs = { by = "user", hidden = 500, dropout = 0.3, lr = 1e-3 },
  train = {
    optimizer = "adam", batch = 128, epochs = 30, weight_decay = 4e-4, schedule = { "cosine", steps = 1440 }, test_best = false,
    eval_every = 5,
  },
}
