local g, nn = require "gusto", require "gusto.nn"

local MF = g.model {
  name = "MF",
  help = "Matrix factorisation: the inner product of a user's and an item's vector, plus the item's bias. Losses: bpr (a positive "
    .. "above a negative), bce (each positive and each negative for itself).",
  source = "S. Rendle et al.: BPR, UAI 2009; S. Rendle et al.: Neural Collaborative Filtering vs. Matrix Factorization "
    .. "Revisited, RecSys 2020",
  batch = "pairs",
  knobs = {
    dim = g.int { 64, min = 1, max = 4096, help = "numbers per vector" },
    loss = g.choice { "bpr", "bce", help = "what is minimised for each pair" },
    std = g.real { 0.1, min = 1e-5, max = 1, help = "deviation of the tables' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors that a step touched: reg / 2 of "
      .. "their squares per positive or negative" },
    lr = g.log { 1e-3, min = 1e-6, max = 10, help = "learning rate" },
  },
}

function MF:build(k, data)
  self.user = nn.embedding { data.users, k.dim, std = k.std }
  self.item = nn.embedding { data.items, k.dim, std = k.std }
  self.bias = nn.embedding { data.items, 1, init = "zeros" }
  -- How active a user is shifts all of its scores: it ranks nothing, and a loss over differences does not see it.
  if k.loss == "bce" then self.user_bias = nn.embedding { data.users, 1, init = "zeros" } end
end

-- user [E, dim], ids [E] or [E, n] -> scores of the same shape as the ids.
function MF:rank(user, ids)
  return nn.dot_rows(user, self.item.weight, ids, self.bias.weight)
end

-- bce: -log s(up) - sum_n log s(-down_n), s the logistic function; each of the 1 + n terms pays for the vectors it touches.
function MF:loss(batch)
  local n = batch.negative.width
  local user = self.user(batch.user)
  local loss
  if self.k.loss == "bpr" then
    loss = nn.bpr_rows(user, self.item.weight, batch.item, batch.negative, self.bias.weight)
  else
    local up, down = self:rank(user, batch.item), self:rank(user, batch.negative)
    local bias = self.user_bias(batch.user):sum()
    loss = nn.bce_pair(up + bias, down + (n > 1 and bias:repeat_(n) or bias), "sum")
  end
  if self.k.reg == 0 then return loss end
  local positive, negative = self.item(batch.item), self.item(batch.negative)
  local penalty = (user:square():sum() * (1 + n) + positive:square():sum()):mean_all() + negative:square():sum():mean_all() * n
  return loss + penalty * (self.k.reg / 2)
end

function MF:score(batch)
  return nn.linear(self.user(batch.user), self.item.weight, self.bias.weight:reshape(-1))
end

function MF:candidates(batch)
  return self:rank(self.user(batch.user), batch.candidate)
end

return MF
