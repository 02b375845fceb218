local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local FM = g.model {
  name = "FM",
  help = "Factorisation machine: a bias, a weight for each feature, and the inner products of all pairs of the features' vectors. "
    .. "For click-through on fields.",
  source = "S. Rendle: Factorization Machines, ICDM 2010",
  batch = "fields",
  task = "ctr",
  knobs = {
    dim = g.int { 10, min = 1, max = 1024, help = "numbers per feature vector" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the vectors' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors and weights that a step touched: reg / 2 of their squares" },
    reg_table = g.real { 0, min = 0, max = 10, help = "L2 penalty on all vectors and weights, touched or not: reg_table / 2 of their squares" },
    redraw = g.bool { true, applies = "batch", help = "negatives are drawn anew in every epoch" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function FM:build(k, data)
  self.vector = fields.vectors(data, { dim = k.dim, std = k.std })
  self.weight = fields.vectors(data, { dim = 1, std = 0 })
  self.bias = nn.parameter { 1, init = "zeros" }
end

-- [E]: the logit, and the stacked vectors and weights behind it.
function FM:logit(batch)
  local v, w = fields.stack(self.vector, batch), fields.concat(self.weight, batch)
  return nn.fm(v) + w:sum() + self.bias:sum(), v, w
end

FM.click, FM.loss = fields.click, fields.loss

return FM
