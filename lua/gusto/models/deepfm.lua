local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local DeepFM = g.model {
  name = "DeepFM",
  help = "A factorisation machine and a tower of layers over the same feature vectors, added. For click-through on fields.",
  source = "H. Guo et al.: DeepFM, IJCAI 2017",
  batch = "fields",
  task = "ctr",
  knobs = fields.knobs(),
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

DeepFM.click, DeepFM.loss = fields.click, fields.loss

return DeepFM
