local g = require "gusto"

return g.experiment {
  help = "LinUCB in RecSim's interest evolution: the expected minutes of a topic are linear in the person's interests.",
  source = "the method of Li et al., WWW 2010; compared with the other agents here by `gusto arena`",
  env = g.env { "interest_evolution", users = 64, candidates = 10, slate = 3 },
  protocol = g.protocol { metrics = { "return", "ctr", "steps" }, users = 500 },
  model = require "gusto.models.bandit",
  knobs = { method = "linucb", alpha = 1, epsilon = 0 },
  train = { steps = 1000, epochs = 2, capacity = 10, warmup = 1 },
}
