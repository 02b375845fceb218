local g, nn = require "gusto", require "gusto.nn"

local NeuMF = g.model {
  name = "NeuMF",
  help = "Neural matrix factorisation: an elementwise product of user and item vectors (GMF) beside a tower of layers over both "
    .. "(MLP), joined by one linear unit.",
  source = "X. He et al.: Neural Collaborative Filtering, WWW 2017",
  batch = "points",
  knobs = {
    factors = g.int { 8, min = 1, max = 1024, help = "numbers of the GMF vectors and of the tower's last layer" },
    layers = g.int { 3, min = 0, max = 8, help = "layers of the tower; each halves the width" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the tables' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors that a step touched, per example" },
    dropout = g.real { 0, min = 0, max = 0.95, help = "share of the tower's activations dropped in training" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function NeuMF:build(k, data)
  local sizes = {}
  for l = k.layers, 0, -1 do sizes[#sizes + 1] = k.factors << l end
  local width = sizes[1] // 2
  self.gmf = { user = nn.embedding { data.users, k.factors, std = k.std }, item = nn.embedding { data.items, k.factors, std = k.std } }
  self.mlp = { user = nn.embedding { data.users, width, std = k.std }, item = nn.embedding { data.items, sizes[1] - width, std = k.std } }
  if k.layers > 0 then
    self.mlp.tower = nn.mlp { sizes = table.concat(sizes, ","), act = "relu", dropout = k.dropout }
  end
  self.out = nn.linear { k.factors + sizes[#sizes], 1, init = "lecun" }
end

-- users [E, d], items [E, d] -> logits [E, 1]
function NeuMF:logit(gu, gi, mu, mi)
  local tower = nn.concat(mu, mi)
  if self.mlp.tower then tower = self.mlp.tower(tower) end
  return self.out(nn.concat(gu * gi, tower))
end

function NeuMF:loss(batch)
  local gu, gi = self.gmf.user(batch.user), self.gmf.item(batch.item)
  local mu, mi = self.mlp.user(batch.user), self.mlp.item(batch.item)
  local loss = nn.bce_logits(self:logit(gu, gi, mu, mi):sum(), batch.label)
  if self.k.reg == 0 then return loss end
  local penalty = (gu:square():sum() + gi:square():sum() + mu:square():sum() + mi:square():sum()):mean_all()
  return loss + penalty * self.k.reg
end

-- [E, C] candidates: every user's vectors stand beside each of its items.
function NeuMF:candidates(batch)
  local gi, mi = self.gmf.item(batch.candidate), self.mlp.item(batch.candidate)
  local n = batch.candidate.width
  local gu, mu = self.gmf.user(batch.user), self.mlp.user(batch.user)
  if n > 1 then gu, mu = gu:repeat_(n), mu:repeat_(n) end
  return self:logit(gu, gi, mu, mi):sum()
end

return NeuMF
