local g, nn = require "gusto", require "gusto.nn"

local NeuMF = g.model {
  name = "NeuMF",
  help = "Neural matrix factorisation: an elementwise product of user and item vectors (GMF) beside a tower of layers over both "
    .. "(MLP), joined by one linear unit. With stage = \"apart\" the two learn side by side, each with an output of its own, and share "
    .. "nothing: the pre-training; stage = \"joined\" goes on from there with alpha of the one and 1 - alpha of the other.",
  source = "X. He et al.: Neural Collaborative Filtering, WWW 2017",
  batch = "points",
  knobs = {
    factors = g.int { 8, min = 1, max = 1024, help = "numbers of the tower's last layer and of the GMF vectors" },
    gmf = g.int { 0, min = 0, max = 4096, help = "numbers of the GMF vectors where they differ from factors; 0: they do not" },
    layers = g.int { 3, min = 0, max = 8, help = "layers of the tower; each halves the width" },
    stage = g.choice { "together", "apart", "joined", help = "both from the start; each for itself; from those, mixed by alpha" },
    alpha = g.real { 0.5, min = 0, max = 1, help = "weight of GMF beside the tower after pre-training" },
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
  local gmf = k.gmf > 0 and k.gmf or k.factors
  self.gmf = { user = nn.embedding { data.users, gmf, std = k.std }, item = nn.embedding { data.items, gmf, std = k.std },
    out = nn.linear { gmf, 1, init = "lecun" } }
  self.mlp = { user = nn.embedding { data.users, width, std = k.std }, item = nn.embedding { data.items, sizes[1] - width, std = k.std },
    out = nn.linear { sizes[#sizes], 1, init = "lecun" } }
  if k.layers > 0 then
    self.mlp.tower = nn.mlp { sizes = table.concat(sizes, ","), act = "relu", dropout = k.dropout }
  end
end

-- users [E, d], items [E, d] -> what GMF and the tower say, each [E, 1].
function NeuMF:halves(gu, gi, mu, mi)
  local tower = nn.concat(mu, mi)
  if self.mlp.tower then tower = self.mlp.tower(tower) end
  return self.gmf.out(gu * gi), self.mlp.out(tower)
end

-- One linear unit over both halves is the sum of one over each; joined, its weights start as alpha and 1 - alpha times theirs
-- (He et al. 2017, equation 13), which the factors here keep.
function NeuMF:logit(gmf, mlp)
  if self.k.stage == "together" then return gmf + mlp end
  return gmf * self.k.alpha + mlp * (1 - self.k.alpha)
end

function NeuMF:loss(batch)
  local gu, gi = self.gmf.user(batch.user), self.gmf.item(batch.item)
  local mu, mi = self.mlp.user(batch.user), self.mlp.item(batch.item)
  local gmf, mlp = self:halves(gu, gi, mu, mi)
  local loss
  if self.k.stage == "apart" then
    loss = nn.bce_logits(gmf:sum(), batch.label) + nn.bce_logits(mlp:sum(), batch.label)
  else
    loss = nn.bce_logits(self:logit(gmf, mlp):sum(), batch.label)
  end
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
  return self:logit(self:halves(gu, gi, mu, mi)):sum()
end

return NeuMF
