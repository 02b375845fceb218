local g, nn = require "gusto", require "gusto.nn"
local levels = require "gusto.levels"

local CFNADE = g.model {
  name = "CF-NADE",
  help = "A neural autoregressive model of the ratings of a user (or of an item): each rating is predicted from those before it in a "
    .. "random order, h = tanh(c + sum of the vectors of all levels up to each rating), with parameters shared down the levels. "
    .. "Trained at one random cut per example, the loss scaled by D / (D - d); exact = true sums all conditionals of the order.",
  source = "Y. Zheng, B. Tang, W. Ding, H. Zhou: A Neural Autoregressive Approach to Collaborative Filtering, ICML 2016",
  batch = "rows",
  knobs = levels.knobs {
    hidden = g.int { 500, min = 1, max = 65536, help = "hidden units" },
    layers = g.int { 1, min = 1, max = 16, help = "hidden layers; more than one needs exact = false" },
    ordinal = g.real { 1, min = 0, max = 1, help = "share of the ordinal cost; the rest is -log p" },
    exact = g.bool { false, help = "all conditionals of a random order instead of those behind one cut" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the weights' start" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function CFNADE:build(k, data)
  self.n = levels.check(k, data)
  self.title = levels.titles(k, data)
  if k.exact and k.layers > 1 then error("exact = true needs layers = 1: deeper units would be computed per rating", 0) end
  self.encoder = nn.parameter { self.n, k.levels * k.hidden, init = "normal", std = k.std, lazy = true }
  self.decoder = nn.parameter { self.n, k.levels * k.hidden, init = "normal", std = k.std, lazy = true }
  self.frequency = nn.parameter { self.n, k.levels, trainable = false }
  self.bias = nn.parameter { self.n, k.levels }
  self.hidden_bias = nn.parameter { k.hidden }
  self.deep = {}
  for l = 2, k.layers do self.deep[l] = nn.linear { k.hidden, k.hidden, act = "tanh" } end
end

function CFNADE:fit(data) self.frequency:set(levels.log_frequencies(self.k, data, true)) end

-- [n, K]: weight decay draws the biases to the log frequencies of an entry's ratings.
function CFNADE:biases() return self.frequency + self.bias end

-- [.., hidden] sums of vectors -> hidden units
function CFNADE:activate(sums)
  local h = (sums + self.hidden_bias):tanh()
  for l = 2, self.k.layers do h = self.deep[l](h) end
  return h
end

-- [E, hidden] given the ratings (of weight 1)
function CFNADE:encode(ids, ratings, weights)
  local args = levels.args(self.k, { up_to = true })
  local sums = weights and nn.level_bag(self.encoder, ids, ratings, weights, args) or nn.level_bag(self.encoder, ids, ratings, args)
  return self:activate(sums)
end

-- Of the ratings of weight 0 the logits are not computed.
function CFNADE:logits(h, ids, weights)
  local args = levels.args(self.k, { up_to = true })
  if weights then return nn.level_logits(h, self.decoder, self:biases(), ids, weights, args) end
  return nn.level_logits(h, self.decoder, self:biases(), ids, args)
end

function CFNADE:cost(logits, ratings)
  return nn.level_cost(logits, ratings, levels.args(self.k, { ordinal = self.k.ordinal }))
end

-- [E]: -log p of all ratings of an example, exactly, in the order in which they stand or a random one.
function CFNADE:surprise(ids, ratings, order, ordinal)
  local sums = nn.level_prefix(self.encoder, ids, ratings, levels.args(self.k, { up_to = true, order = order }))
  local logits = self:logits(self:activate(sums), ids)
  return nn.level_cost(logits, ratings, levels.args(self.k, { ordinal = ordinal or 0 })):pool("sum")
end

function CFNADE:loss(batch)
  local ids, ratings = levels.entries(self.k, batch), batch.rating
  local loss
  if self.k.exact then
    loss = self:surprise(ids, ratings, "random", self.k.ordinal)
  else
    local cut = nn.random_cut(ids)
    local given, asked = cut:slice(0, 1):sum(), cut:slice(1, 2):sum()
    local h = self:encode(ids, ratings, given)
    loss = (self:cost(self:logits(h, ids, asked), ratings) * asked):pool("sum")
  end
  return loss:mean_all()
end

function CFNADE:rate(batch)
  local h = self:encode(levels.entries(self.k, batch), batch.rating)
  return levels.expected(self.k, self:logits(h, batch.query))
end

function CFNADE:score(batch)
  local h = self:encode(batch.item, batch.rating)
  return levels.expected_all(self.k, h, self.decoder, self:biases(), self.n, self.k.hidden, true)
end

-- The films (for rows of items: the users) that a hidden unit is about.
function CFNADE:unit(unit, count)
  return levels.unit(self.k, self.title, self.decoder, self.n, self.k.hidden, unit, count)
end

return CFNADE
