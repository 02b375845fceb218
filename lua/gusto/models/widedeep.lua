local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local WideDeep = g.model {
  name = "Wide & Deep",
  help = "A linear part over features and their crosses remembers, a tower of layers over feature vectors generalises. For "
    .. "click-through on fields; crosses are fields like \"user*item:hash=100000\".",
  source = "H.-T. Cheng et al.: Wide & Deep Learning for Recommender Systems, DLRS 2016",
  batch = "fields",
  task = "ctr",
  knobs = fields.knobs(),
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

WideDeep.click, WideDeep.loss = fields.click, fields.loss

return WideDeep
