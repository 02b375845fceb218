local g, nn = require "gusto", require "gusto.nn"

local IRGAN = g.model {
  name = "IRGAN",
  help = "A generator draws items for a user, a discriminator tells them from the user's own; both are matrix factorisations. The "
    .. "generator learns from the discriminator's word by the REINFORCE estimator, with part of its draws taken from the user's own items "
    .. "(importance weighting). It is first trained to rank the user's items above the hardest of some drawn ones (warm_steps > 0).",
  source = "J. Wang et al.: IRGAN: A Minimax Game for Unifying Generative and Discriminative Information Retrieval Models, SIGIR 2017",
  batch = { "rows", binary = true },
  players = {
    { "warm", params = { "g" }, times = "warm_steps" },
    { "discriminator", params = { "d" }, times = "d_steps" },
    { "generator", params = { "g" }, times = "g_steps" },
  },
  knobs = {
    dim = g.int { 5, min = 1, max = 1024, help = "numbers per vector" },
    samples = g.int { 64, min = 1, max = 65536, help = "items drawn for a user and step" },
    temperature = g.real { 0.2, min = 1e-3, max = 100, help = "of the draws that the discriminator learns from" },
    own = g.real { 0.2, min = 0, max = 1, help = "share of the generator's draws that is taken from the user's own items" },
    reg = g.real { 0.1, min = 0, max = 100, help = "L2 penalty on the discriminator's vectors, over 16" },
    hard = g.int { 5, min = 1, max = 65536, help = "others of which the hardest is taken in the first training" },
    reg_warm = g.real { 0.1, min = 0, max = 100, help = "L2 penalty of the first training: half of the squares of an item's and its user's vector" },
    warm_steps = g.int { 0, min = 0, max = 1e6, applies = "step", help = "steps of the generator alone in a round" },
    d_steps = g.int { 1, min = 0, max = 1e6, applies = "step", help = "steps of the discriminator in a round" },
    g_steps = g.int { 1, min = 0, max = 1e6, applies = "step", help = "steps of the generator in a round" },
    std = g.real { 0.05, min = 1e-5, max = 1, help = "deviation of the tables' start" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
    lr_warm = g.log { 1e-2, min = 1e-6, max = 1, applies = "step", help = "learning rate of the first training" },
    lr_discriminator = g.log { 1e-3, min = 1e-6, max = 1, applies = "step", help = "learning rate of the discriminator" },
    lr_generator = g.log { 1e-3, min = 1e-6, max = 1, applies = "step", help = "learning rate of the generator" },
  },
}

local function tables(k, data)
  return {
    user = nn.embedding { data.users, k.dim, std = k.std, lazy = false },
    item = nn.embedding { data.items, k.dim, std = k.std, lazy = false },
    bias = nn.parameter { data.items },
  }
end

function IRGAN:build(k, data)
  self.items = data.items
  self.g, self.d = tables(k, data), tables(k, data)
end

-- [E, items]
local function scores(m, batch) return nn.linear(m.user(batch.user), m.item.weight, m.bias) end

-- The user's items as a distribution [E, items], and how many they are [E, 1].
function IRGAN:bought(batch)
  local count = nn.multi_hot(batch.item, { n = self.items })
  local n = count:sum():reshape(1)
  return count / n, n
end

-- BPR of each of the user's items against the hardest of some others, summed over a user's items; the penalty is on the vectors
-- of user and item at each of them, and on all other items as if each met one.
function IRGAN:loss_warm(batch)
  local s = scores(self.g, batch)
  local user, item = self.g.user(batch.user), self.g.item(batch.item)
  local positive = nn.decode(user, self.g.item.weight, batch.item, self.g.bias)
  local loss = (nn.hardest(s, batch.item, { n = self.k.hard }) - positive):softplus()
  local penalty = item:square():sum() * 2 + user:square():sum():spread("tokens")
  return (loss + penalty * (self.k.reg_warm / 2)):pool("sum"):mean_all()
end

function IRGAN:loss_discriminator(batch)
  local d = scores(self.d, batch)
  local bought, n = self:bought(batch)
  local drawn = nn.draws((scores(self.g, batch) / self.k.temperature):softmax(), { n = self.k.samples }):stop()
  local loss = (((-d):softplus() * bought + d:softplus() * drawn) * n):sum():mean_all()
  local penalty = self.d.user(batch.user):square():sum():mean_all() + nn.l2(self.d.item.weight)
  return loss + penalty * (self.k.reg / 16), { told = (d:sigmoid() * bought):sum():mean_all() }
end

-- The estimate is times the user's items, as the other losses are sums over them: the first training and this share optimizer state.
function IRGAN:loss_generator(batch)
  local s = scores(self.g, batch)
  local p, bought, n = s:softmax():stop(), self:bought(batch)
  local from = p * (1 - self.k.own) + bought * self.k.own
  local reward = (scores(self.d, batch):sigmoid() - 0.5) * 2
  local drawn = nn.draws(from, { n = self.k.samples })
  local weight = (drawn * reward * p / (from + 1e-12)):stop()
  return -(weight * s:log_softmax() * n):sum():mean_all(), { reward = (weight:sum()):mean_all() }
end

function IRGAN:score(batch)
  return scores(self.g, batch)
end

return IRGAN
