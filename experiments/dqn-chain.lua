local g = require "gusto"

return g.experiment {
  help = "DQN on a chain of five states, of which the values are known.",
  env = g.env { "chain", users = 16, states = 5 },
  protocol = g.protocol { metrics = { "return", "steps" }, users = 64 },
  model = require "gusto.models.dqn",
  knobs = { hidden = 32, dim = 4, lr = 1e-3, gamma = 0.9, epsilon = 1, tau = 0.02 },
  train = { optimizer = "adam", batch = 64, steps = 500, epochs = 8, capacity = 200, warmup = 20 },
}
