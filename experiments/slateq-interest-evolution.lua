local g = require "gusto"

return g.experiment {
  help = "SlateQ in RecSim's interest evolution: slates of 3 out of 10, people whose time depends on what they watch.",
  source = "Ie et al., IJCAI 2019 report no numbers for this setting of RecSim; compared with the other agents here by `gusto arena`",
  env = g.env { "interest_evolution", users = 64, candidates = 10, slate = 3 },
  protocol = g.protocol { metrics = { "return", "ctr", "steps" }, users = 500 },
  model = require "gusto.models.slateq",
  knobs = { gamma = 1, reward_scale = 0.05, epsilon = 0.1, epsilon_steps = 2000, lr = 1e-3, tau = 0.05, hidden = 64 },
  train = { optimizer = "adam", batch = 128, steps = 1000, epochs = 8, capacity = 1000, warmup = 50 },
}
