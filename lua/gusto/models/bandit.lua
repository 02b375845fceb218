local g, nn = require "gusto", require "gusto.nn"

local Bandit = g.model {
  name = "Bandit",
  help = "Linear bandits: the expected reward of an item is linear in its context, one regression per item (disjoint) or one for all. "
    .. "greedy shows the best mean (knob epsilon explores), linucb the best mean + alpha * width, thompson the best of a draw from "
    .. "the posterior. The context is what is seen of the person and of the item; or the item's own past with the person (counts).",
  source = "L. Li et al.: A contextual-bandit approach to personalized news recommendation, WWW 2010; S. Agrawal, N. Goyal, ICML 2013",
  batch = "transitions",
  policy = "rank",
  knobs = {
    method = g.choice { "linucb", "thompson", "greedy", "ucb1", help = "ucb1: counts of the observation (shown, clicked by item)" },
    disjoint = g.bool { true, help = "a regression per item; else one, with a number per item in its context" },
    alpha = g.real { 1, min = 0, max = 1000, help = "weight of the width (linucb, ucb1) or of the draw's deviation (thompson)" },
    prior = g.real { 1, min = 1e-6, max = 1e6, help = "weight of the prior" },
    context = g.bool { true, help = "the observation is part of the context; else items stand alone" },
  },
}

function Bandit:build(k, env)
  self.env = { candidates = env.candidates, features = env.features, slate = env.slate, items = env.items }
  if env.slate == 0 then error(("%s takes vectors: a bandit chooses items; give codes = 64"):format(env.name), 0) end
  if k.method == "ucb1" and env.observation ~= 2 * env.items then
    error(("ucb1 needs counts of each item in the observation; that of %s has %d numbers"):format(env.name, env.observation), 0)
  end
  local dim = 1 + env.features + (k.context and env.observation or 0) + (k.disjoint and 0 or env.items)
  if dim > 512 then error(("the context has %d numbers; 512 are the most"):format(dim), 0) end
  self.groups = k.disjoint and env.items or 1
  self.dim = dim
  self.sums = nn.parameter { self.groups, dim * (dim + 1), trainable = false }
  self.sums_low = nn.parameter { self.groups, dim * (dim + 1), trainable = false } -- what rounding takes from them
end

-- The context of n items a person: [E, n, dim], or [E, dim] of one.
function Bandit:context(n, observation, feature, item)
  local function rows(x, width) return n > 1 and x:reshape(n, width) or width > 1 and x or x:reshape(1) end
  local parts = { rows(item:same(item), 1) }
  if feature then parts[#parts + 1] = feature end
  if self.k.context then parts[#parts + 1] = n > 1 and observation:repeat_(n) or observation end
  if not self.k.disjoint then parts[#parts + 1] = item:one_hot(self.env.items) end
  if #parts == 1 then return parts[1] end
  return nn.concat(table.unpack(parts))
end

-- The feature vectors of all candidates, or of those at some places.
function Bandit:feature(batch, places)
  local F = self.env.features
  if F == 0 then return nil end
  local all = batch.feature:reshape(self.env.candidates, F)
  return places and all:pick(places) or all
end

-- Upper confidence bound of each candidate from the counts in the observation (Auer et al. 2002).
function Bandit:ucb1(batch)
  local N = self.env.items
  local which = batch.candidate:one_hot(N)
  local shown = batch.observation:slice(0, N):dot(which):clamp(0.01, 1e9)
  local clicked = batch.observation:slice(N, 2 * N):dot(which)
  local time = (batch.observation:slice(0, N):sum() + 1):log()
  return clicked / shown + (time * 2 / shown):sqrt() * self.k.alpha
end

function Bandit:act(batch)
  local k = self.k
  if k.method == "ucb1" then return self:ucb1(batch) end
  local x = self:context(self.env.candidates, batch.observation, self:feature(batch), batch.candidate)
  local function ask(mode)
    local how = { mode = mode, prior = k.prior, scale = k.alpha }
    if k.disjoint then return x:ridge(self.sums, batch.candidate, how) end
    return x:ridge(self.sums, how)
  end
  if k.method == "thompson" then return ask "sample" end
  if k.method == "greedy" then return ask "mean" end
  return ask "mean" + ask "width" * k.alpha
end

-- Of a slate, the item that was chosen earned the reward, the others nothing.
function Bandit:observe(batch)
  local x = self:context(self.env.slate, batch.observation, self:feature(batch, batch.action), batch.item)
  local earned = batch.action:same(batch.chosen) * batch.reward
  local how = { groups = self.groups }
  return { sums = self.k.disjoint and x:ridge_sums(earned, batch.item, how) or x:ridge_sums(earned, how) }
end

return Bandit
