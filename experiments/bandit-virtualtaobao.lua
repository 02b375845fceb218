local g = require "gusto"

return g.experiment {
  help = "LinUCB on Virtual Taobao, choosing one of 64 fixed weight vectors without regard to the shopper.",
  source = "no published number; compared with the other agents by `gusto arena`",
  env = g.env { "virtual_taobao", users = 64, codes = 64 },
  protocol = g.protocol { metrics = { "ctr", "return", "steps" }, users = 1000 },
  model = require "gusto.models.bandit",
  knobs = { method = "linucb", alpha = 2, epsilon = 0, context = false },
  train = { steps = 1000, epochs = 2, capacity = 10, warmup = 1 },
}
