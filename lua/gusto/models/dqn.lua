local g, nn = require "gusto", require "gusto.nn"

local DQN = g.model {
  name = "DQN",
  help = "Deep Q-learning: the value of each candidate from what is seen of the person, trained towards reward + discount * the best "
    .. "value afterwards, as an older copy of the network sees it. Double: the online network chooses, the copy judges. "
    .. "Dueling: the value of the person's state + the advantage of the candidate.",
  source = "V. Mnih et al., Nature 2015; H. van Hasselt et al., AAAI 2016; Z. Wang et al., ICML 2016",
  batch = "transitions",
  policy = "rank",
  targets = { target = "online" },
  knobs = {
    dim = g.int { 32, min = 1, max = 1024, help = "numbers per item vector" },
    hidden = g.int { 64, min = 1, max = 4096, help = "units of the hidden layers" },
    double = g.bool { true, help = "the online network chooses the best candidate, the target network judges it" },
    dueling = g.bool { false, help = "value of the state + advantage of the candidate" },
    huber = g.real { 1, min = 0, max = 1e6, help = "errors count squared up to here, linearly beyond; 0: always squared" },
    tau = g.real { 0.01, min = 0, max = 1, applies = "step", help = "share by which the target network follows" },
    target_every = g.int { 1, min = 1, max = 1e6, applies = "step", help = "steps between two times it follows (tau = 1: hard copies)" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

local function network(k, env)
  local inputs = env.observation + k.dim + env.features
  return {
    item = nn.embedding { env.items, k.dim, std = 0.1 },
    advantage = nn.mlp { sizes = ("%d,%d,%d,1"):format(inputs, k.hidden, k.hidden), act = "relu", last = false },
    value = k.dueling and nn.mlp { sizes = ("%d,%d,1"):format(env.observation, k.hidden), act = "relu", last = false } or nil,
  }
end

function DQN:build(k, env)
  self.env = { candidates = env.candidates, features = env.features }
  self.online, self.target = network(k, env), network(k, env)
end

-- [E, C]: what each candidate is worth to the person.
function DQN:q(net, observation, candidate, feature)
  local C, F = self.env.candidates, self.env.features
  local x = nn.concat(observation:repeat_(C), net.item(candidate))
  if F > 0 then x = nn.concat(x, feature:reshape(C, F)) end
  local q = net.advantage(x):reshape(C)
  if not self.k.dueling then return q end
  return q - q:mean() + net.value(observation):sum()
end

local function feature_of(batch, name) return batch:has(name) and batch[name] or nil end

function DQN:act(batch)
  return self:q(self.online, batch.observation, batch.candidate, feature_of(batch, "feature"))
end

function DQN:loss(batch)
  local k = self.k
  local q = self:q(self.online, batch.observation, batch.candidate, feature_of(batch, "feature"))
  local feature = feature_of(batch, "next_feature")
  local after = self:q(self.target, batch.next_observation, batch.next_candidate, feature)
  local by = k.double and self:q(self.online, batch.next_observation, batch.next_candidate, feature):stop() or after
  local wanted = batch.reward + batch.discount * after:at_max(by, batch.next_candidate)
  local taken = q:pick(batch.action)
  local e = taken - wanted:stop()
  local near = k.huber > 0 and e:clamp(-k.huber, k.huber) or e
  return (near * (e - near * 0.5)):mean_all(), { q = taken:mean_all() }
end

return DQN
