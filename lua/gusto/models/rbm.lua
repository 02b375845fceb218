local g, nn = require "gusto", require "gusto.nn"
local boltzmann, levels = require "gusto.boltzmann", require "gusto.levels"

local RBM = g.model {
  name = "RBM",
  help = "A restricted Boltzmann machine over the ratings of a user (or, by = \"item\", of an item): softmax visible units for the "
    .. "observed entries only, with weights per level, and binary hidden units. Learns by contrastive divergence: the gradient of "
    .. "F(v) - F(v~), v~ after `cd` steps of Gibbs sampling from the data or, where persistent, from the chain that the last visit "
    .. "left. visible = \"binary\" takes item sets without ratings, in which everything not there is 0.",
  source = "R. Salakhutdinov, A. Mnih, G. Hinton: Restricted Boltzmann Machines for Collaborative Filtering, ICML 2007; "
    .. "T. Tieleman: Training RBMs using Approximations to the Likelihood Gradient, ICML 2008",
  batch = "rows",
  knobs = levels.knobs {
    hidden = g.int { 100, min = 1, max = 65536, help = "hidden units" },
    visible = g.choice { "softmax", "binary", help = "visible units: a rating on `levels` levels, or 0 and 1 for all items" },
    conditional = g.bool { true, help = "which entries were rated feeds the hidden units too (softmax only)" },
    cd = g.int { 1, min = 1, max = 1000, help = "steps of Gibbs sampling" },
    persistent = g.bool { false, help = "chains go on from step to step instead of starting at the data" },
    std = g.real { 0.01, min = 0, max = 1, help = "deviation of the weights' start" },
    lr = g.log { 0.01, min = 1e-6, max = 10, help = "learning rate" },
  },
}

function RBM:build(k, data)
  self.softmax = k.visible == "softmax"
  if self.softmax then
    self.n = levels.check(k, data)
    self.weight = nn.parameter { self.n, k.levels * k.hidden, init = "normal", std = k.std, lazy = true }
    self.visible_bias = nn.parameter { self.n, k.levels, lazy = true }
    self.title = levels.titles(k, data)
    if k.conditional then self.rated = nn.parameter { self.n, k.hidden, lazy = true } end
  else
    if k.by ~= "user" then error("binary visible units stand for items: set by = \"user\"", 0) end
    self.n = data.items
    self.weight = nn.parameter { self.n, k.hidden, init = "normal", std = k.std }
    self.visible_bias = nn.parameter { self.n }
  end
  self.hidden_bias = nn.parameter { k.hidden }
  if k.persistent then
    self.chain = nn.parameter { k.by == "user" and data.users or data.items, k.hidden, trainable = false }
  end
end

-- The hidden units from which the chain starts, and those that it leaves for the next visit.
function RBM:start(batch, drive)
  if not self.chain then return boltzmann.draw(drive) end
  return nn.embedding(self.chain, levels.example(self.k, batch))
end

function RBM:finish(batch, drive)
  if self.chain then nn.remember(self.chain, levels.example(self.k, batch), boltzmann.draw(drive)) end
end

function RBM:loss(batch)
  if not self.softmax then return self:binary_loss(batch) end
  local ids, ratings = levels.entries(self.k, batch), batch.rating
  local contrast, chain, rebuilt = boltzmann.contrast(self, ids, ratings, self.k.cd, function(drive) return self:start(batch, drive) end)
  self:finish(batch, chain)
  return contrast:mean_all(), { reconstruction = rebuilt:mean_all() }
end

function RBM:binary_loss(batch)
  local data = nn.embedding_bag(self.weight, batch.item) + self.hidden_bias
  local fantasy, drive = boltzmann.binary_gibbs(self, self:start(batch, data), self.k.cd)
  self:finish(batch, drive)
  local energy = -nn.embedding_bag(self.visible_bias:reshape(self.n, 1), batch.item):sum() - data:softplus():sum()
  return (energy - boltzmann.binary_free_energy(self, drive, fantasy)):mean_all()
end

-- [E, hidden]: mean field, the hidden units' probabilities given what the example rated.
function RBM:hidden(batch)
  if not self.softmax then return (nn.embedding_bag(self.weight, batch.item) + self.hidden_bias):sigmoid() end
  local ids = levels.entries(self.k, batch)
  return boltzmann.drive(self, boltzmann.base(self, ids), ids, batch.rating):sigmoid()
end

-- The expected rating of each query.
function RBM:rate(batch)
  if not self.softmax then error("binary visible units know no ratings: set visible = \"softmax\"", 0) end
  return levels.expected(self.k, boltzmann.logits(self, self:hidden(batch), batch.query))
end

function RBM:score(batch)
  local h = self:hidden(batch)
  if not self.softmax then return boltzmann.binary_visible(self, h) end
  return levels.expected_all(self.k, h, self.weight, self.visible_bias, self.n, self.k.hidden)
end

-- The films (for rows of items: the users) that a hidden unit is about.
function RBM:unit(unit, count)
  if not self.softmax then error("binary visible units have no levels", 0) end
  return levels.unit(self.k, self.title, self.weight, self.n, self.k.hidden, unit, count)
end

return RBM
