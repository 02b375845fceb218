local g, nn = require "gusto", require "gusto.nn"

local CFGAN = g.model {
  name = "CFGAN",
  help = "A generator fills a user's row with real numbers, a discriminator tells rows that were bought from filled ones, both knowing "
    .. "whose row it is; what was not bought is masked. Some entries that are not there (zeros) count as zeros: the generator is "
    .. "punished for filling them (zero reconstruction), and the discriminator sees them (partial masking). Only the entries "
    .. "of a row and its zeros are computed. One set of zeros is for both or, with masked > 0, each has a set of its own. "
    .. "The generator's output is linear, as in the authors' code: behind a sigmoid, zero reconstruction saturates the zeros and "
    .. "their order is lost.",
  source = "D.-K. Chae et al.: CFGAN: A Generic Collaborative Filtering Framework based on Generative Adversarial Networks, CIKM 2018",
  batch = { "rows", binary = true },
  players = {
    { "discriminator", params = { "d" }, times = "d_steps" },
    { "generator", params = { "g" }, times = "g_steps" },
  },
  knobs = {
    hidden = g.int { 256, min = 1, max = 4096, help = "units of each hidden layer of the generator" },
    layers = g.int { 1, min = 1, max = 8, help = "hidden layers of the generator" },
    d_hidden = g.int { 128, min = 1, max = 4096, help = "units of each hidden layer of the discriminator" },
    d_layers = g.int { 1, min = 1, max = 8, help = "hidden layers of the discriminator" },
    zeros = g.real { 0.3, min = 0, max = 1, applies = "batch", help = "share of the entries that are not there that count as zeros" },
    reconstruction = g.real { 0.1, min = 0, max = 10, help = "weight of the squared zeros in the generator's loss" },
    masked = g.real { 0, min = 0, max = 1, applies = "batch", help = "share of the entries that are not there that the discriminator "
      .. "sees instead of the zeros; 0: it sees the zeros" },
    partial = g.bool { true, help = "the discriminator sees zeros (or what is masked) too" },
    d_steps = g.int { 1, min = 0, max = 1000, applies = "step", help = "steps of the discriminator in a round" },
    g_steps = g.int { 1, min = 0, max = 1000, applies = "step", help = "steps of the generator in a round" },
    reg_generator = g.real { 1e-3, min = 0, max = 10, help = "L2 penalty on the generator: half of the squares of its tables" },
    reg_discriminator = g.real { 0, min = 0, max = 10, help = "L2 penalty on the discriminator: half of the squares of its tables" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
    lr_discriminator = g.log { 1e-4, min = 1e-6, max = 1, applies = "step", help = "learning rate of the discriminator" },
    lr_generator = g.log { 1e-3, min = 1e-6, max = 1, applies = "step", help = "learning rate of the generator" },
  },
}

-- Layers behind the first: hidden ones with a sigmoid each and, where asked for, one linear number; nil where there are none.
local function tower(hidden, layers, out)
  local sizes = {}
  for l = 1, layers do sizes[l] = hidden end
  if out then sizes[#sizes + 1] = out end
  return #sizes > 1 and nn.mlp { sizes = table.concat(sizes, ","), act = "sigmoid", last = out == nil } or nil
end

-- A table of which every row is trained in every step: most of them are zeros or items of some row of the batch.
local function vectors(rows, dim) return nn.embedding { rows, dim, init = "xavier_uniform", lazy = false } end
local function bag(rows, dim) return nn.embedding_bag { rows, dim, init = "xavier_uniform", over = "sum", lazy = false } end

function CFGAN:build(k, data)
  local items = data.items
  self.g = {
    enter = bag(items, k.hidden), start = nn.parameter { k.hidden }, tower = tower(k.hidden, k.layers),
    out = vectors(items, k.hidden), bias = nn.embedding { items, 1, init = "zeros", lazy = false },
  }
  self.d = {
    condition = bag(items, k.d_hidden), row = bag(items, k.d_hidden), start = nn.parameter { k.d_hidden },
    tower = tower(k.d_hidden, k.d_layers, 1),
  }
end

-- [E, hidden]: what the generator knows of a row.
function CFGAN:hidden(batch)
  local h = (self.g.enter(batch.item) + self.g.start):sigmoid()
  if self.g.tower then h = self.g.tower(h) end
  return h
end

function CFGAN:fill(h, ids)
  return nn.decode(h, self.g.out.weight, ids, self.g.bias.weight:reshape(-1))
end

-- What the discriminator sees besides a row's entries: ids [T2], some of them -1, or nil.
function CFGAN:shown(batch)
  if not self.k.partial or not batch:has "zero" then return nil end
  return batch:has "masked" and batch.masked or batch.zero
end

-- [E, d_hidden]: what the discriminator knows of whose row it is.
function CFGAN:known(batch)
  return self.d.condition(batch.item) + self.d.start
end

-- [E]: the discriminator's logit of a row with these numbers at its entries and (nil: nothing) at what it is shown besides.
function CFGAN:judge(batch, known, at_items, at_shown)
  local h = known + nn.embedding_bag(self.d.row.weight, batch.item, at_items)
  if at_shown then h = h + nn.embedding_bag(self.d.row.weight, self:shown(batch), at_shown) end
  return self.d.tower(h:sigmoid()):sum()
end

-- reg / 2 of the squares of two tables
local function penalty(reg, a, b)
  return (nn.l2(a.weight) + nn.l2(b.weight)) * (reg / 2)
end

function CFGAN:loss_discriminator(batch)
  local known, h, shown = self:known(batch), self:hidden(batch), self:shown(batch)
  local real = self:judge(batch, known, batch.rating)
  local made = self:judge(batch, known, self:fill(h, batch.item), shown and self:fill(h, shown))
  local loss = ((-real):softplus() + made:softplus()):mean_all()
  if self.k.reg_discriminator > 0 then loss = loss + penalty(self.k.reg_discriminator, self.d.condition, self.d.row) end
  return loss, { real = real:sigmoid():mean_all(), made = made:sigmoid():mean_all() }
end

function CFGAN:loss_generator(batch)
  local h = self:hidden(batch)
  local at_items, at_zeros = self:fill(h, batch.item), batch:has "zero" and self:fill(h, batch.zero) or nil
  local made = self:judge(batch, self:known(batch), at_items, self:shown(batch) and at_zeros)
  local fooled = (-made):softplus():mean_all()
  local loss = fooled
  if at_zeros then
    local wrong = at_zeros:square()
    if batch:has "rebuild" then wrong = wrong * batch.rebuild end
    loss = loss + nn.pool(wrong, { over = "sum" }):mean_all() * self.k.reconstruction
  end
  if self.k.reg_generator > 0 then loss = loss + penalty(self.k.reg_generator, self.g.enter, self.g.out) end
  return loss, { fooled = fooled, bought = at_items:mean_all() }
end

function CFGAN:score(batch)
  return nn.linear(self:hidden(batch), self.g.out.weight, self.g.bias.weight:reshape(-1))
end

function CFGAN:candidates(batch)
  local h = self:hidden(batch)
  return h:dot(self.g.out(batch.candidate)) + self.g.bias(batch.candidate):sum()
end

return CFGAN
