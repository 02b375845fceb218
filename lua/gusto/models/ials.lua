local g, nn = require "gusto", require "gusto.nn"

local IALS = g.model {
  name = "iALS",
  help = "Matrix factorisation of implicit feedback by alternating least squares: everything unobserved is a weak zero, what was "
    .. "observed is a one with confidence.",
  source = "Y. Hu, Y. Koren, C. Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008",
  batch = "points",
  knobs = {
    dim = g.int { 64, min = 1, max = 2048, help = "numbers per vector" },
    sweeps = g.int { 10, min = 1, max = 1000, help = "how often users, then items, are solved for" },
    confidence = g.choice { "linear", "log", help = "of an interaction r: 1 + alpha r, or 1 + alpha log(1 + r / epsilon)" },
    alpha = g.real { 40, min = 0, max = 1e6,
      help = "how much more an observed interaction counts than an unobserved one", applies = "model" },
    epsilon = g.log { 1, min = 1e-6, max = 1e6, help = "of the logarithmic confidence", applies = "model" },
    reg = g.log { 1e-2, min = 1e-9, max = 1e6, help = "L2 penalty on the vectors", applies = "model" },
    nu = g.real { 0, min = 0, max = 1,
      help = "the penalty grows with the number of interactions to this power", applies = "model" },
    std = g.real { 0.1, min = 1e-5, max = 10, help = "deviation of the items' start", applies = "model" },
  },
}

function IALS:build(k, data)
  self.user = nn.parameter { data.users, k.dim, trainable = false }
  self.item = nn.parameter { data.items, k.dim, init = "normal", std = k.std, trainable = false }
end

function IALS:fit(data)
  local k = self.k
  local c = data:matrix { values = "count" }:map(function(r)
    return 1 + k.alpha * (k.confidence == "log" and math.log(1 + r / k.epsilon) or r)
  end)
  local t, options = c:transpose(), { reg = k.reg, nu = k.nu }
  for _ = 1, k.sweeps do
    c:least_squares(self.item, self.user, options)
    t:least_squares(self.user, self.item, options)
  end
end

-- [examples, items]
function IALS:score(batch)
  return nn.embedding(self.user, batch.user):matmul_t(self.item)
end

function IALS:candidates(batch)
  return nn.embedding(self.user, batch.user):dot(nn.embedding(self.item, batch.candidate))
end

return IALS
