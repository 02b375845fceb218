local g, nn, linalg = require "gusto", require "gusto.nn", require "gusto.linalg"

local MDA = g.model {
  name = "mDA",
  help = "Marginalized denoising autoencoder: the linear map that best restores histories from which items were dropped, over all "
    .. "ways of dropping them at once, in closed form; with more layers, each restores the tanh of the one below.",
  source = "M. Chen, Z. Xu, K. Weinberger, F. Sha: Marginalized Denoising Autoencoders for Domain Adaptation, ICML 2012; for "
    .. "recommendation S. Li, J. Kawale, Y. Fu: Deep Collaborative Filtering via Marginalized Denoising Auto-encoder, CIKM 2015",
  batch = "rows",
  knobs = {
    corruption = g.real { 0.5, min = 0, max = 0.99, help = "probability with which an entry is dropped", applies = "model" },
    layers = g.int { 1, min = 1, max = 8, help = "maps on top of each other" },
    ridge = g.log { 1, min = 1e-8, max = 1e6, help = "added to the diagonal of the system", applies = "model" },
  },
}

-- W = P Q^-1 from the scatter S = X X' of the inputs with a constant 1 behind them, q = (1 - p, ..., 1 - p, 1):
--   Q_ij = S_ij q_i q_j, Q_ii = S_ii q_i,  P_ij = S_ij q_j        (Chen et al., equations 7 and 8)
-- gram [d, d] and sums [d] of n inputs -> W' [d + 1, d], the constant's row last.
function MDA.solve(gram, sums, n, corruption, ridge)
  local s, q = linalg.bordered(gram, sums, n), {}
  for i = 1, sums.width do q[i] = 1 - corruption end
  q[#q + 1] = 1
  local keep, scatter = g.tensor(q), linalg.diagonal(s)
  local w = linalg.columns(linalg.scale_rows(s, keep), 0, sums.width)
  linalg.set_diagonal(linalg.scale_cols(s, keep), scatter * keep + ridge)
  return linalg.spd_solve(s, w)
end

function MDA:build(k, data)
  self.layer = {}
  for l = 1, k.layers do
    self.layer[l] = {
      weight = nn.parameter { data.items, data.items, trainable = false },
      bias = nn.parameter { data.items, trainable = false },
    }
  end
end

function MDA:fit(data)
  local k, x = self.k, data:matrix()
  local gram, sums, hidden = x:gram(), x:sums "cols", nil
  for l, layer in ipairs(self.layer) do
    local w = MDA.solve(gram, sums, data.users, k.corruption, k.ridge)
    layer.weight:set(linalg.rows(w, 0, data.items))
    layer.bias:set(linalg.rows(w, data.items, 1))
    if l < #self.layer then
      hidden = hidden and linalg.product(hidden, layer.weight) or x:times(layer.weight)
      hidden = linalg.tanh(linalg.add_row(hidden, layer.bias))
      gram, sums = linalg.product(hidden, hidden, { ta = true }), linalg.column_sums(hidden)
    end
  end
end

-- [examples, items]: the history restored.
function MDA:score(batch)
  local h = nn.embedding_bag(self.layer[1].weight, batch.item, { over = "sum" }) + self.layer[1].bias
  for l = 2, #self.layer do h = h:tanh():matmul(self.layer[l].weight) + self.layer[l].bias end
  return h
end

return MDA
