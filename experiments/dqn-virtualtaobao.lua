local g = require "gusto"

return g.experiment {
  help = "Double DQN on Virtual Taobao, choosing one of 64 fixed weight vectors for each page.",
  source = "no published number; compared with the other agents by `gusto arena`",
  env = g.env { "virtual_taobao", users = 64, codes = 64 },
  protocol = g.protocol { metrics = { "ctr", "return", "steps" }, users = 1000 },
  model = require "gusto.models.dqn",
  knobs = { gamma = 0.95, hidden = 64, dim = 16, epsilon = 0.05, epsilon_steps = 2000, tau = 0.01, lr = 1e-3, updates = 2 },
  train = { optimizer = "adam", batch = 64, steps = 1000, epochs = 5, capacity = 1000, warmup = 20 },
}
