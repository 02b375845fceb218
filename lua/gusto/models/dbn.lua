local g, nn = require "gusto", require "gusto.nn"
local boltzmann, levels = require "gusto.boltzmann", require "gusto.levels"

local DBN = g.model {
  name = "DBN",
  help = "A deep belief net over ratings: a stack of restricted Boltzmann machines, each trained on the hidden activities of the one "
    .. "below (stage 1: on the ratings, stage 2, ...), then unrolled into an autoencoder with tied weights and fine-tuned by "
    .. "backpropagation (stage layers + 1). The stage is a knob: an experiment plans it, a person may set it.",
  source = "G. Hinton, R. Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 313, 2006; visible units of "
    .. "R. Salakhutdinov, A. Mnih, G. Hinton, ICML 2007",
  batch = "rows",
  knobs = levels.knobs {
    stage = g.int { 1, min = 1, max = 17, help = "which machine learns; layers + 1 fine-tunes them all" },
    layers = g.int { 2, min = 1, max = 16, help = "machines in the stack" },
    hidden = g.int { 200, min = 1, max = 65536, help = "hidden units of the first machine" },
    deeper = g.int { 100, min = 1, max = 65536, help = "hidden units of each further machine" },
    cd = g.int { 1, min = 1, max = 1000, help = "steps of Gibbs sampling" },
    cut = g.bool { true, help = "fine-tuning predicts the ratings that a random cut hides; false: it rebuilds them all" },
    ordinal = g.real { 0, min = 0, max = 1, help = "fine-tuning: share of the ordinal cost; the rest is -log p" },
    std = g.real { 0.01, min = 0, max = 1, help = "deviation of the weights' start" },
    lr = g.log { 0.01, min = 1e-6, max = 10, help = "learning rate" },
  },
}

function DBN:build(k, data)
  self.n = levels.check(k, data)
  self.title = levels.titles(k, data)
  if k.stage > k.layers + 1 then
    error(("stage = %d, but %d layers have %d stages, the last of which is fine-tuning"):format(k.stage, k.layers, k.layers + 1), 0)
  end
  self.machine = { {
    weight = nn.parameter { self.n, k.levels * k.hidden, init = "normal", std = k.std, lazy = true },
    visible_bias = nn.parameter { self.n, k.levels, lazy = true },
    hidden_bias = nn.parameter { k.hidden },
  } }
  for l = 2, k.layers do
    local below = l == 2 and k.hidden or k.deeper
    self.machine[l] = {
      weight = nn.parameter { below, k.deeper, init = "normal", std = k.std },
      visible_bias = nn.parameter { below },
      hidden_bias = nn.parameter { k.deeper },
    }
  end
end

-- The machine with the knobs beside its parameters.
function DBN:at(l)
  local m = self.machine[l]
  return { weight = m.weight, visible_bias = m.visible_bias, hidden_bias = m.hidden_bias, k = self.k }
end

-- [E, units of machine l]: activities upwards from the ratings.
function DBN:up(l, ids, ratings, weights)
  local first = self:at(1)
  local h = boltzmann.drive(first, boltzmann.base(first, ids), ids, ratings, weights):sigmoid()
  for i = 2, l do h = boltzmann.binary_drive(self:at(i), h):sigmoid() end
  return h
end

-- Downwards to the logits of the entries.
function DBN:down(l, h, ids)
  for i = l, 2, -1 do h = boltzmann.binary_visible(self:at(i), h):sigmoid() end
  return boltzmann.logits(self:at(1), h, ids)
end

function DBN:depth() return math.min(self.k.stage, self.k.layers) end

function DBN:loss(batch)
  local k, ids, ratings = self.k, levels.entries(self.k, batch), batch.rating
  if k.stage > k.layers then return self:fine_tune(ids, ratings) end
  if k.stage == 1 then
    local contrast, _, rebuilt = boltzmann.contrast(self:at(1), ids, ratings, k.cd, boltzmann.draw)
    return contrast:mean_all(), { reconstruction = rebuilt:mean_all() }
  end
  local m, v = self:at(k.stage), self:up(k.stage - 1, ids, ratings):stop()
  local data = boltzmann.binary_drive(m, v)
  local fantasy, drive = boltzmann.binary_gibbs(m, boltzmann.draw(data), k.cd)
  local contrast = boltzmann.binary_free_energy(m, data, v) - boltzmann.binary_free_energy(m, drive, fantasy)
  local rebuilt = self:down(k.stage, data:sigmoid(), ids):stop()
  return contrast:mean_all(), { reconstruction = nn.level_cost(rebuilt, ratings, levels.args(k)):mean_all() }
end

function DBN:fine_tune(ids, ratings)
  local k = self.k
  local cut = k.cut and nn.random_cut(ids)
  local h = self:up(k.layers, ids, ratings, cut and cut:slice(0, 1):sum())
  local cost = nn.level_cost(self:down(k.layers, h, ids), ratings, levels.args(k, { ordinal = k.ordinal }))
  if cut then cost = cost * cut:slice(1, 2):sum() end
  return cost:pool("sum"):mean_all(), { reconstruction = cost:mean_all() }
end

function DBN:rate(batch)
  local h = self:up(self:depth(), levels.entries(self.k, batch), batch.rating)
  return levels.expected(self.k, self:down(self:depth(), h, batch.query))
end

function DBN:score(batch)
  local h, first = self:up(self:depth(), batch.item, batch.rating), self:at(1)
  for i = self:depth(), 2, -1 do h = boltzmann.binary_visible(self:at(i), h):sigmoid() end
  return levels.expected_all(self.k, h, first.weight, first.visible_bias, self.n, self.k.hidden)
end

-- The films (for rows of items: the users) that a hidden unit is about.
function DBN:unit(unit, count)
  return levels.unit(self.k, self.title, self.machine[1].weight, self.n, self.k.hidden, unit, count)
end

return DBN
