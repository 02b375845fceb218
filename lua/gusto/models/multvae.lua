local g, nn = require "gusto", require "gusto.nn"

local MultVAE = g.model {
  name = "MultVAE",
  help = "An autoencoder of a user's items with the multinomial likelihood over all items. variant = vae draws the code from a "
    .. "Gaussian and adds beta times its divergence from N(0, 1), annealed linearly over the first `anneal` steps; variant = dae is "
    .. "Mult-DAE, without either. The input row has length one and loses `dropout` of its entries.",
  source = "D. Liang et al.: Variational Autoencoders for Collaborative Filtering, WWW 2018",
  batch = { "rows", binary = true },
  knobs = {
    variant = g.choice { "vae", "dae", help = "a Gaussian code (Mult-VAE) or a plain one (Mult-DAE)" },
    hidden = g.int { 600, min = 1, max = 65536, help = "units of the layer on either side of the code" },
    code = g.int { 200, min = 1, max = 65536, help = "units of the code" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of a row's items dropped from the input in training" },
    beta = g.real { 0.2, min = 0, max = 10, help = "weight of the divergence when annealing is over" },
    anneal = g.real { 200000, min = 0, max = 1e12, help = "steps over which that weight rises from 0; 0: at once" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function MultVAE:build(k, data)
  self.item = nn.embedding { data.items, k.hidden, init = "xavier_uniform" }
  self.bias = nn.parameter { k.hidden }
  self.mean = nn.linear { k.hidden, k.code }
  if k.variant == "vae" then self.logvar = nn.linear { k.hidden, k.code } end
  self.up = nn.linear { k.code, k.hidden, act = "tanh" }
  self.out = nn.linear { k.hidden, data.items }
end

-- A user's items -> the mean of the code and, of vae, the log of its variance: [users, code].
function MultVAE:encode(batch)
  local row = batch.rating:l2_normalize("tokens"):dropout(self.k.dropout)
  local h = (nn.embedding_bag(self.item.weight, batch.item, row) + self.bias):tanh()
  if self.k.variant == "dae" then return self.mean(h):tanh() end
  return self.mean(h), self.logvar(h)
end

function MultVAE:loss(batch)
  local mean, logvar = self:encode(batch)
  local code = logvar and nn.gaussian(mean, logvar) or mean
  local nll = nn.softmax_ce(self.up(code), self.out.weight, batch.item, self.out.bias)
  if not logvar then return nll end
  local kl = nn.gaussian_kl(mean, logvar)
  return nll + kl:ramp { to = self.k.beta, steps = self.k.anneal }, { nll = nll, kl = kl }
end

function MultVAE:score(batch)
  return self.out(self.up((self:encode(batch))))
end

function MultVAE:candidates(batch)
  local h = self.up((self:encode(batch)))
  return h:dot(nn.embedding(self.out.weight, batch.candidate)) + nn.embedding(self.out.bias, batch.candidate)
end

return MultVAE
