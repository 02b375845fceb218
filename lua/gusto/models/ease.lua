local g, nn, linalg = require "gusto", require "gusto.nn", require "gusto.linalg"

local EASE = g.model {
  name = "EASE",
  help = "A linear item-item model in closed form: what regresses each item on all the others, its own weight forbidden.",
  source = "H. Steck: Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019",
  batch = "rows",
  knobs = {
    lambda = g.log { 500, min = 1e-3, max = 1e6, help = "L2 penalty on the weights", applies = "model" },
  },
}

function EASE:build(_, data)
  self.weight = nn.parameter { data.items, data.items, trainable = false }
end

-- P = (X'X + lambda I)^-1, B = I - P diag(1 / diag P): off the diagonal -P_ij / P_jj, on it 0 (equation 8).
function EASE:fit(data)
  local p = data:matrix():gram(self.weight)
  linalg.spd_inverse(linalg.add_diagonal(p, self.k.lambda))
  linalg.scale_cols(p, -1 / linalg.diagonal(p))
  linalg.set_diagonal(p, 0)
end

-- [examples, items]: the rows of what was taken, added up.
function EASE:score(batch)
  return nn.embedding_bag(self.weight, batch.item, { over = "sum" })
end

return EASE
