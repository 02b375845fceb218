local g = require "gusto"

return g.experiment {
  help = "REINFORCE with top-K off-policy correction in RecSim's interest evolution, slates of 3 out of 10.",
  source = "the method of M. Chen et al., WSDM 2019; compared with the other agents here by `gusto arena`",
  env = g.env { "interest_evolution", users = 64, candidates = 10, slate = 3 },
  protocol = g.protocol { metrics = { "return", "ctr", "steps" }, users = 500 },
  model = require "gusto.models.reinforce",
  knobs = { gamma = 0.99, reward_scale = 0.01, epsilon = 0, top_k = 3, lr = 3e-4, hidden = 64, entropy = 0.01 },
  train = { optimizer = "adam", batch = 256, steps = 1000, epochs = 8, capacity = 150, warmup = 150 },
}
