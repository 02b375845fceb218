local g = require "gusto"

return g.experiment {
  help = "DDPG on Virtual Taobao: the weights [27] of a ranking function for each page a shopper sees.",
  source = "the DDPG example of eyounx/VirtualTaobao gives its settings (gamma .95, tau .001, 128 units, noise .1) and no number",
  env = g.env { "virtual_taobao", users = 64 },
  protocol = g.protocol { metrics = { "ctr", "return", "steps" }, users = 1000 },
  model = require "gusto.models.ddpg",
  knobs = { gamma = 0.95, tau = 0.001, hidden = 128, noise = 0.1, updates = 5, lr_actor = 1e-4, lr_critic = 1e-3 },
  train = { optimizer = "adam", batch = 128, steps = 2000, epochs = 5, capacity = 2000, warmup = 20 },
}
