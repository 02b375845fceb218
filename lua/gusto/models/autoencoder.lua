local g, nn = require "gusto", require "gusto.nn"

local Autoencoder = g.model {
  name = "Autoencoder",
  help = "An autoencoder of a user's row, with the classic regularisers as knobs: denoising (noise), sparse by the divergence of mean "
    .. "activities from rho (sparsity) or by keeping the k largest units (keep), contractive (contraction), tied weights. Deeper "
    .. "ones are stacked: set layers=2 train=top once the first layer has learned, then train=all to fine-tune.",
  source = "P. Vincent et al.: Stacked Denoising Autoencoders, JMLR 2010; S. Rifai et al.: Contractive Auto-Encoders, ICML 2011; "
    .. "A. Makhzani, B. Frey: k-Sparse Autoencoders, ICLR 2014; A. Ng: Sparse autoencoder, CS294A 2011",
  batch = "rows",
  knobs = {
    hidden = g.int { 200, min = 1, max = 65536, help = "units of the first hidden layer" },
    layers = g.int { 1, min = 1, max = 8, help = "hidden layers of the encoder; each halves the units" },
    train = g.choice { "all", "top", help = "the whole network, or only the topmost layer to reconstruct the one below" },
    act = g.choice { "sigmoid", "tanh", "relu", "identity", help = "activation of the hidden units" },
    loss = g.choice { "ce", "bce", "square", "ratings",
      help = "multinomial, logistic or squared error over all items, or squared error of the observed ratings" },
    binary = g.bool { true, help = "the input is which items, not which ratings" },
    unit = g.bool { true, help = "input rows have length one" },
    noise = g.real { 0, min = 0, max = 0.95, help = "denoising: share of a row's entries dropped from the input in training" },
    rescale = g.bool { true, help = "the others are divided by 1 - noise" },
    sparsity = g.real { 0, min = 0, max = 1e6, help = "weight of the divergence of the units' mean activities from rho" },
    rho = g.real { 0.05, min = 1e-6, max = 0.999, help = "the mean activity that is wanted" },
    keep = g.int { 0, min = 0, max = 65536, help = "k-sparse: units kept per row; 0: all" },
    contraction = g.real { 0, min = 0, max = 1e6, help = "weight of the squared norm of the first layer's Jacobian" },
    tied = g.bool { false, help = "decoder weights are the encoder's, transposed" },
    std = g.real { 0.05, min = 1e-5, max = 1, help = "deviation of the item tables' start" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

local function need(cond, ...) if not cond then error("autoencoder: " .. string.format(...), 0) end end

function Autoencoder:build(k, data)
  need(k.sparsity == 0 or k.act == "sigmoid", "sparsity needs units between 0 and 1: act=sigmoid, not act=%s", k.act)
  need(k.contraction == 0 or k.act == "sigmoid" or k.act == "tanh", "contraction knows act=sigmoid and act=tanh, not act=%s", k.act)
  need(k.loss ~= "ratings" or not k.binary, "loss=ratings needs the ratings as input: binary=false")
  need(k.hidden >> (k.layers - 1) > 0, "hidden=%d leaves no units for layers=%d", k.hidden, k.layers)
  local dense = k.contraction > 0
  self.item = nn.embedding { data.items, k.hidden, std = k.std, lazy = not dense }
  self.input = nn.parameter { k.hidden }
  self.up, self.down = {}, {}
  for l = 2, k.layers do
    local wide, narrow = k.hidden >> (l - 2), k.hidden >> (l - 1)
    self.up[l] = nn.linear { wide, narrow }
    self.down[l] = k.tied and nn.parameter { wide } or nn.linear { narrow, wide }
  end
  if not k.tied then self.out = nn.embedding { data.items, k.hidden, std = k.std, lazy = k.loss == "ratings" } end
  self.bias = nn.parameter { data.items, init = "constant", std = k.loss == "ratings" and data.mean_rating or 0 }
  self.low, self.high = data.min_rating, data.max_rating
end

function Autoencoder:activate(a)
  local h = self.k.act == "identity" and a or a[self.k.act](a)
  return self.k.keep > 0 and h:k_sparse(self.k.keep) or h
end

-- A user's row -> the activations of the layers, each [users, units].
function Autoencoder:encode(batch)
  local k, row = self.k, batch.rating
  if k.unit then row = row:l2_normalize "tokens" end
  row = row:dropout(k.noise, not k.rescale)
  local h = { self:activate(nn.embedding_bag(self.item.weight, batch.item, row) + self.input) }
  for l = 2, k.layers do
    local below = k.train == "top" and l == k.layers and h[l - 1]:stop() or h[l - 1]
    h[l] = self:activate(self.up[l](below))
  end
  return h
end

-- One layer down: the activations of layer l - 1.
function Autoencoder:descend(h, l)
  if self.k.tied then return self:activate(h:matmul(self.up[l].weight) + self.down[l]) end
  return self:activate(self.down[l](h))
end

function Autoencoder:decode(h)
  for l = self.k.layers, 2, -1 do h = self:descend(h, l) end
  return h
end

function Autoencoder:table() return (self.out or self.item).weight end

-- h [users, hidden] against the row it came from.
function Autoencoder:reconstruction(h, batch)
  local loss, item = self.k.loss, batch.item
  if loss == "ce" then return nn.softmax_ce(h, self:table(), item, self.bias) end
  local seen = nn.decode(h, self:table(), item, self.bias)
  if loss == "ratings" then return nn.mse(seen, batch.rating) end
  -- over all items, of which those that are not in the row have target 0
  local all = nn.linear(h, self:table(), self.bias)
  if loss == "bce" then return all:softplus():sum():mean_all() - seen:pool "sum":mean_all() end
  return all:square():sum():mean_all() + (1 - seen * 2):pool "sum":mean_all()
end

function Autoencoder:loss(batch)
  local k, h = self.k, self:encode(batch)
  local top, parts = h[k.layers], {}
  local below = k.train == "top" and k.layers > 1 and h[k.layers - 1]
  local loss = below and nn.mse(self:descend(top, k.layers), below:stop()) or self:reconstruction(self:decode(top), batch)
  parts.reconstruction = loss
  if k.sparsity > 0 then
    parts.sparsity = nn.kl_sparsity(top, k.rho)
    loss = loss + parts.sparsity * k.sparsity
  end
  if k.contraction > 0 and not below then
    parts.contraction = nn.contractive(h[1], self.item.weight, k.act)
    loss = loss + parts.contraction * k.contraction
  end
  return loss, parts
end

function Autoencoder:code(batch)
  local h = self:encode(batch)
  return self:decode(h[self.k.layers])
end

function Autoencoder:score(batch)
  return nn.linear(self:code(batch), self:table(), self.bias)
end

function Autoencoder:candidates(batch)
  return self:code(batch):dot(nn.embedding(self:table(), batch.candidate)) + nn.embedding(self.bias, batch.candidate)
end

function Autoencoder:rate(batch)
  return nn.decode(self:code(batch), self:table(), batch.query, self.bias):clamp(self.low, self.high)
end

return Autoencoder
