local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local DeepFM = g.model {
  name = "DeepFM",
  help = "A factorisation machine and a tower of layers over the same feature vectors, added. For click-through on fields.",
  source = "H. Guo et al.: DeepFM, IJCAI 2017",
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

function DeepFM:build(k, data)
  self.vector = fields.vectors(data, { dim = k.dim, std = k.std })
  self.weight = fields.vectors(data, { dim = 1, std = 0 })
  self.tower = fields.tower(fields.count(data) * k.dim, fields.sizes(k.layers, k.hidden), k)
  self.out = nn.linear { k.hidden, 1 }
end

-- [E]: the logit, and the vectors and weights behind it.
function DeepFM:logit(batch)
  local v, w = fields.concat(self.vector, batch), fields.concat(self.weight, batch)
  local deep = self.out(fields.climb(self.tower, v)):sum()
  return nn.fm(v:reshape(-1, self.k.dim)) + w:sum() + deep, v, w
end

function DeepFM:click(batch) return (self:logit(batch)) end

function DeepFM:loss(batch)
  local logit, v, w = self:logit(batch)
  return fields.regularized(self.k, self, nn.bce_logits(logit, batch.label), v, w)
end

return DeepFM
