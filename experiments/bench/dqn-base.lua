local g, nn = require "gusto", require "gusto.nn"

local DQN = g.model {
  name = "GRU-DQN",
  help = "Double Q-learning from the last items that a person took: a GRU reads them, a network of one hidden layer values each "
    .. "candidate in that state.  The layer's weights for the state and for the candidate are apart, so that nothing is repeated.",
  source = "H. van Hasselt et al.: Deep Reinforcement Learning with Double Q-learning, AAAI 2016",
  batch = "transitions",
  policy = "rank",
  targets = { target = "online" },
  knobs = {
    dim = g.int { 64, min = 1, max = 1024, help = "numbers per item vector, state and hidden layer" },
    tau = g.real { 0.01, min = 0, max = 1, applies = "step", help = "share by which the target network follows" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

local function network(d, items)
  return {
    item = nn.embedding { items, d, std = 0.1 },
    gru = nn.gru { d, d },
    state = nn.linear { d, d },
    action = nn.linear { d, d, bias = false },
    out = nn.linear { d, 1 },
  }
end

function DQN:build(k, env)
  self.last = env.history
  self.online, self.target = network(k.dim, env.items), network(k.dim, env.items)
end

-- [E, dim]
function DQN:state(net, history)
  local T, d = self.last, self.k.dim
  return net.state(net.gru(net.item(history)):reshape(T * d):slice((T - 1) * d, T * d))
end

-- The values of items [E, n, dim] or [E, dim] in a state: [E, n] or [E].
function DQN:q(net, state, item)
  return net.out(nn.relu(net.action(item) + state)):sum()
end

function DQN:act(batch)
  return self:q(self.online, self:state(self.online, batch.history), self.online.item(batch.candidate))
end

function DQN:loss(batch)
  local online, target = self.online, self.target
  local taken = self:q(online, self:state(online, batch.history), online.item(batch.item))
  local by = self:q(online, self:state(online, batch.next_history), online.item(batch.next_candidate)):stop()
  local best = nn.embedding_best(target.item.weight, batch.next_candidate, by)
  local after = self:q(target, self:state(target, batch.next_history), best)
  local wanted = batch.reward + batch.discount * after
  local e = taken - wanted:stop()
  local near = e:clamp(-1, 1)
  return (near * (e - near * 0.5)):mean_all()
end

return g.experiment {
  help = "Bench: double DQN (10 items through a GRU of 64, 100 candidates, a network of 64), batches of 256 of 100,000 transitions.",
  env = g.env { "replay", data = g.data { "synthetic", shape = "catalogue" }, users = 100, history = 10, start = 10, candidates = 100, steps = 20 },
  protocol = g.protocol { metrics = { "return" }, users = 16 },
  model = DQN,
  knobs = { gamma = 0.9, epsilon = 0, updates = 64 },
  train = { optimizer = "adam", batch = 256, steps = 390, epochs = 1, capacity = 1000, warmup = 1000 },
}
