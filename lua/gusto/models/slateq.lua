local g, nn = require "gusto", require "gusto.nn"

local SlateQ = g.model {
  name = "SlateQ",
  help = "Q-learning for slates: the value of an item once it is chosen, and a model of the choice, give the value of a slate: "
    .. "sum of P(i | slate) q(i). Learned from what was chosen; slates are the best under it (top-K by v q, greedily, or exactly).",
  source = "E. Ie et al.: SlateQ, IJCAI 2019",
  batch = "transitions",
  policy = "rank",
  targets = { target = "online" },
  knobs = {
    hidden = g.int { 64, min = 1, max = 4096, help = "units of the hidden layers" },
    dim = g.int { 16, min = 1, max = 1024, help = "numbers per item vector" },
    slates = g.choice { "exact", "greedy", "top", help = "how the slate to show is found" },
    next_slates = g.choice { "top", "greedy", "exact", help = "how the slate of the target is found" },
    choice = g.choice { "affinity", "uniform",
      help = "v of the choice model: affinity = the person's interest in the item's topic + 1 (RecSim), uniform = 1" },
    none = g.real { 2, min = 0, max = 1e6, help = "mass of choosing nothing" },
    tau = g.real { 0.01, min = 0, max = 1, applies = "step", help = "share by which the target network follows" },
    target_every = g.int { 1, min = 1, max = 1e6, applies = "step", help = "steps between two times it follows" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function SlateQ:build(k, env)
  if k.choice == "affinity" and env.observation ~= env.items then
    error(("choice = \"affinity\" needs a person's interest in each of the %d topics, but the observation of %s has %d numbers; "
      .. "set choice = \"uniform\""):format(env.items, env.name, env.observation), 0)
  end
  self.env = { candidates = env.candidates, slate = env.slate, features = env.features, items = env.items }
  for _, name in ipairs { "online", "target" } do
    self[name] = {
      item = nn.embedding { env.items, k.dim, std = 0.1 },
      net = nn.mlp { sizes = ("%d,%d,%d,1"):format(env.observation + k.dim + env.features, k.hidden, k.hidden), act = "relu", last = false },
    }
  end
end

-- [E, C]: v of the choice model.
function SlateQ:affinity(observation, candidate)
  if self.k.choice == "uniform" then return candidate:same(candidate) end
  return observation:dot(candidate:one_hot(self.env.items)) + 1
end

-- [E, C]: what follows if the person chooses the candidate.
function SlateQ:q(part, observation, candidate, feature)
  local C, F = self.env.candidates, self.env.features
  local x = nn.concat(observation:repeat_(C), part.item(candidate))
  if F > 0 then x = nn.concat(x, feature:reshape(C, F)) end
  return part.net(x):reshape(C)
end

local function feature_of(batch, name) return batch:has(name) and batch[name] or nil end

function SlateQ:act(batch)
  local q = self:q(self.online, batch.observation, batch.candidate, feature_of(batch, "feature"))
  local v = self:affinity(batch.observation, batch.candidate)
  return v:slate(q, { size = self.env.slate, method = self.k.slates, none = self.k.none, as = "places" })
end

-- Learned from what was chosen: where nothing was, q is not asked.
function SlateQ:loss(batch)
  local q = self:q(self.online, batch.observation, batch.candidate, feature_of(batch, "feature"))
  local after = self:q(self.target, batch.next_observation, batch.next_candidate, feature_of(batch, "next_feature"))
  local v = self:affinity(batch.next_observation, batch.next_candidate)
  local worth = v:slate(after, { size = self.env.slate, method = self.k.next_slates, none = self.k.none })
  local chosen = batch.chosen:same(batch.chosen)
  local e = (q:pick(batch.chosen) - (batch.reward + batch.discount * worth):stop()) * chosen
  return e:square():mean_all(), { q = q:pick(batch.chosen):mean_all() }
end

return SlateQ
