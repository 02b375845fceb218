local g, nn = require "gusto", require "gusto.nn"

local NARM = g.model {
  name = "NARM",
  help = "A recurrent network reads the session; the last state (what the user does) and an attention over all states with the last "
    .. "one as the query (what the user is after) together predict the next item, by a bilinear form. Every position of a "
    .. "packed session is trained, which is the paper's every prefix of it. Losses: ce (the paper's, over all items), sampled_ce "
    .. "(over the target and negatives that the batch shares, corrected by how often they are drawn).",
  source = "J. Li et al.: Neural Attentive Session-based Recommendation, CIKM 2017",
  batch = { "sequence", shared = true },
  knobs = {
    dim = g.int { 50, min = 2, max = 4096, help = "numbers per item vector" },
    hidden = g.int { 100, min = 2, max = 4096, help = "numbers of the state" },
    layers = g.int { 1, min = 1, max = 8, help = "recurrent layers" },
    length = g.int { 50, min = 1, max = 4096, help = "items of the session that are seen", applies = "model" },
    dropout_embed = g.real { 0.25, min = 0, max = 0.95, help = "share of the item vectors' numbers dropped in training" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of the session vector's numbers dropped in training" },
    softmax = g.bool { false, help = "attention weights that sum to 1 (the paper's do not)" },
    loss = g.choice { "ce", "sampled_ce", help = "what is minimised at each position" },
    sampler = g.choice { "popularity", "uniform", help = "how the shared negatives are drawn", applies = "model" },
    alpha = g.real { 0.5, min = 0, max = 2, help = "sampler popularity: in proportion to popularity^alpha", applies = "model" },
    std = g.real { 0, min = 0, max = 1, help = "deviation of the item vectors' start; 0: Glorot's rule" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function NARM:build(k, data)
  local init = k.std > 0 and "normal" or "xavier_normal"
  self.item = nn.embedding { data.items, k.dim, init = init, std = k.std, lazy = k.loss ~= "ce" }
  self.encoder = nn.gru { k.dim, k.hidden, layers = k.layers, bias = false }
  self.query = nn.linear { k.hidden, k.hidden, bias = false }
  self.key = nn.linear { k.hidden, k.hidden, bias = false }
  self.weight = nn.parameter { k.hidden, init = "uniform" }
  self.decoder = nn.linear { 2 * k.hidden, k.dim, bias = false }
  if k.loss == "sampled_ce" then self.log_q = nn.parameter { data.items, trainable = false } end
end

function NARM:fit(data)
  if self.log_q then self.log_q:set(data:log_q { sampler = self.k.sampler, alpha = self.k.alpha }) end
end

-- [tokens] -> [tokens, dim]: global (state) and local (attended) encoding of each prefix, through the decoder.
function NARM:encode(batch)
  local k = self.k
  local h = self.encoder(self.item(batch.item):dropout(k.dropout_embed))
  local attended = nn.scope("attention", nn.additive_attention, self.query(h), self.key(h), h, self.weight,
    { causal = true, softmax = k.softmax })
  return self.decoder(nn.concat(h, attended):dropout(k.dropout))
end

function NARM:loss(batch)
  local h, table = self:encode(batch), self.item.weight
  if self.log_q and not batch:has "negative" then
    error("NARM: loss = sampled_ce needs negatives that the batch shares: set negatives to 1 or more", 0)
  end
  if self.log_q then return nn.sampled_softmax_ce(h, table, batch.target, batch.negative, self.log_q) end
  return nn.softmax_ce(h, table, batch.target)
end

function NARM:score(batch)
  return self:encode(batch):last():matmul_t(self.item.weight)
end

function NARM:candidates(batch)
  return self:encode(batch):last():dot(nn.embedding(self.item.weight, batch.candidate))
end

return NARM
