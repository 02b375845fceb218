-- Restricted Boltzmann machines, as rbm and dbn use them.  A machine is a table { weight, visible_bias, hidden_bias, rated?, k }:
--   ratings   weight [n, K H], visible_bias [n, K]: softmax visible units for the entries that an example has (gusto.levels)
--   binary    weight [V, H], visible_bias [V]: every visible unit is there, v [E, V] holds 0, 1 or probabilities
-- and hidden_bias [H], rated [n, H] in both.  "drive" is the log odds of the hidden units, [E, H].
--
-- Contrastive divergence is the gradient of F(v) - F(v~), where v~ comes from Gibbs sampling, through which no gradient flows;
-- F(v) = - v . visible_bias - sum_j softplus(drive_j(v)).

local nn = require "gusto.nn"
local levels = require "gusto.levels"

local boltzmann = {}

function boltzmann.draw(drive) return drive:sigmoid():bernoulli() end

-- cd steps from the hidden units h: the chain's visible units, and the drive that they give.
--   visible(h) draws v, drive(v) is what it gives the hidden units
function boltzmann.gibbs(h, cd, visible, drive)
  local v, z
  for step = 1, cd do
    if step > 1 then h = boltzmann.draw(z) end
    v = visible(h)
    z = drive(v)
  end
  return v, z
end

-- ---- ratings ----

-- What the hidden units get besides the ratings: c + D r, r: which entries were rated.
function boltzmann.base(m, ids)
  if not m.rated then return m.hidden_bias end
  return nn.embedding_bag(m.rated, ids) + m.hidden_bias
end

-- weights [T] (may be nil): 0 leaves an entry out.
function boltzmann.drive(m, base, ids, ratings, weights)
  local args = levels.args(m.k)
  return (weights and nn.level_bag(m.weight, ids, ratings, weights, args) or nn.level_bag(m.weight, ids, ratings, args)) + base
end

function boltzmann.free_energy(m, drive, ids, ratings)
  return -nn.level_bag(m.visible_bias, ids, ratings, levels.args(m.k)) - drive:softplus():sum()
end

-- [T or T2, K]: logits of each entry's levels given the hidden units.
function boltzmann.logits(m, h, ids)
  return nn.level_logits(h, m.weight, m.visible_bias, ids, levels.args(m.k))
end

-- [E] F(v) - F(v~), the chain's drive, and [T] what the data's ratings cost given the chain's first hidden units (the reconstruction
-- error, which costs next to nothing here).  start(drive of the data) gives those units.
function boltzmann.contrast(m, ids, ratings, cd, start)
  local base = boltzmann.base(m, ids)
  local data = boltzmann.drive(m, base, ids, ratings)
  local first
  local fantasy, drive = boltzmann.gibbs(start(data), cd,
    function(h)
      local logits = boltzmann.logits(m, h, ids)
      first = first or logits
      return logits:categorical(levels.args(m.k))
    end,
    function(v) return boltzmann.drive(m, base, ids, v) end)
  local contrast = boltzmann.free_energy(m, data, ids, ratings) - boltzmann.free_energy(m, drive, ids, fantasy)
  return contrast, drive, nn.level_cost(first:stop(), ratings, levels.args(m.k))
end

-- ---- binary ----

function boltzmann.binary_drive(m, v) return v:matmul(m.weight) + m.hidden_bias end

function boltzmann.binary_visible(m, h) return nn.linear(h, m.weight, m.visible_bias) end

function boltzmann.binary_free_energy(m, drive, v)
  return -(v * m.visible_bias):sum() - drive:softplus():sum()
end

-- The chain's v~ and its drive from the hidden units h.
function boltzmann.binary_gibbs(m, h, cd)
  return boltzmann.gibbs(h, cd,
    function(units) return boltzmann.draw(boltzmann.binary_visible(m, units)) end,
    function(v) return boltzmann.binary_drive(m, v) end)
end

return boltzmann
