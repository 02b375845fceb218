local g, nn = require "gusto", require "gusto.nn"

local APR = g.model {
  name = "APR",
  help = "Adversarial personalised ranking: matrix factorisation that ranks well even where its vectors are moved against it. Each "
    .. "vector of an example is moved by epsilon along the gradient of the example's BPR loss, which has a closed form: the user towards "
    .. "the negative, the positive away from the user, the negative towards it. adv = 0 is BPR; the paper turns it on when BPR has "
    .. "converged (train = { plan = { { epoch = n, adv = 1 } } }, or a tweak).",
  source = "X. He et al.: Adversarial Personalized Ranking for Recommendation, SIGIR 2018, eq. 5 to 8",
  batch = "pairs",
  knobs = {
    dim = g.int { 64, min = 1, max = 4096, help = "numbers per vector" },
    adv = g.real { 0, min = 0, max = 100, help = "weight of the loss of the moved vectors" },
    epsilon = g.real { 0.5, min = 0, max = 100, help = "how far vectors are moved" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the tables' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors that a step touched, per example" },
    lr = g.log { 0.05, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function APR:build(k, data)
  self.user = nn.embedding { data.users, k.dim, std = k.std }
  self.item = nn.embedding { data.items, k.dim, std = k.std }
end

-- A constant step of length epsilon along a direction.
function APR:move(vector, direction)
  return vector + nn.stop(nn.l2_normalize(direction)) * self.k.epsilon
end

function APR:loss(batch)
  local user, positive, negative = self.user(batch.user), self.item(batch.item), self.item(batch.negative)
  local bpr = nn.bpr(user:dot(positive), user:dot(negative))
  local u, p, n = self:move(user, negative - positive), self:move(positive, -user), self:move(negative, user)
  local adversarial = nn.bpr(u:dot(p), u:dot(n))
  local penalty = (user:square():sum() + positive:square():sum() + negative:square():sum()):mean_all()
  return bpr + adversarial * self.k.adv + penalty * self.k.reg, { bpr = bpr, adversarial = adversarial }
end

function APR:score(batch)
  return self.user(batch.user):matmul_t(self.item.weight)
end

function APR:candidates(batch)
  return self.user(batch.user):dot(self.item(batch.candidate))
end

return APR
