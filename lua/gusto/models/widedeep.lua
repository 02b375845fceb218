local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local WideDeep = g.model {
  name = "Wide & Deep",
  help = "A linear part over features and their crosses remembers, a tower of layers over feature vectors generalises. For "
    .. "click-through on fields; crosses are fields like \"user*item:hash=100000\".",
  source = "H.-T. Cheng et al.: Wide & Deep Learning for Recommender Systems, DLRS 2016",
  batch = "fields",
  task = "ctr",
  knobs = {
    dim = g.int { 10, min = 1, max = 1024, help = "numbers per feature vector" },
    hidden = g.int { 400, min = 1, max = 8192, help = "numbers per layer of the tower" },
    layers = g.int { 3, min = 1, max = 12, help = "layers of the tower" },
    act = g.choice { "relu", "sigmoid", "tanh", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "hard_sigmoid", "hard_tanh",
      "hard_swish", "prelu", "dice", help = "activation of the tower" },
    dropout = g.real { 0.2, min = 0, max = 0.95, help = "share of the tower's activations dropped in training" },
    batch_norm = g.bool { false, help = "batch normalisation before each activation" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the vectors' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors and weights that a step touched: reg / 2 of their squares" },
    reg_table = g.real { 0, min = 0, max = 10, help = "L2 penalty on all vectors and weights, touched or not: reg_table / 2 of their squares" },
    redraw = g.bool { true, applies = "batch", help = "negatives are drawn anew in every epoch" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function WideDeep:build(k, data)
  self.vector = fields.vectors(data, { dim = k.dim, std = k.std })
  self.weight = fields.vectors(data, { dim = 1, std = 0 })
  if data.fields.crossed > 0 then self.cross = nn.embedding { data.fields.crossed, 1, init = "zeros" } end
  self.tower = fields.tower(fields.count(data) * k.dim, fields.sizes(k.layers, k.hidden), k)
  self.out = nn.linear { k.hidden, 1 }
end

-- [E]: the logit, and the vectors and weights behind it.
function WideDeep:logit(batch)
  local v, w = fields.concat(self.vector, batch), fields.concat(self.weight, batch)
  if self.cross then w = nn.concat(w, self.cross(batch.cross):reshape(-1)) end
  return w:sum() + self.out(fields.climb(self.tower, v)):sum(), v, w
end

function WideDeep:click(batch) return (self:logit(batch)) end

function WideDeep:loss(batch)
  local logit, v, w = self:logit(batch)
  return fields.regularized(self.k, self, nn.bce_logits(logit, batch.label), v, w)
end

return WideDeep
