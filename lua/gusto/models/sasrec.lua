local g, nn = require "gusto", require "gusto.nn"

local SASRec = g.model {
  name = "SASRec",
  help = "Self-attention over the user's history predicts the next item at every position. Losses: bce (the paper's, one "
    .. "negative per position), ce (softmax over all items), sampled_ce (softmax over the target and the negatives), gbce (gSASRec: "
    .. "many negatives, and the positive's probability to the power that undoes the overconfidence of sampling).",
  source = "W.-C. Kang, J. McAuley: Self-Attentive Sequential Recommendation, ICDM 2018; A. Petrov, C. Macdonald: gSASRec, RecSys 2023",
  batch = "sequence",
  knobs = {
    dim = g.int { 50, min = 2, max = 4096, help = "numbers per item vector" },
    blocks = g.int { 2, min = 1, max = 32, help = "attention blocks" },
    heads = g.int { 1, min = 1, max = 64, help = "attention heads per block; must divide dim" },
    length = g.int { 50, min = 1, max = 4096, help = "items of the history that are seen", applies = "model" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of activations dropped in training" },
    loss = g.choice { "bce", "ce", "sampled_ce", "gbce", help = "what is minimised at each position" },
    calibration = g.real { 0.75, min = 0, max = 1, help = "loss gbce: 0 is plain bce, 1 calibrates fully" },
    offset = g.real { 0, min = -100, max = 100, help = "loss gbce: added to every score in training; log(beta / negatives) starts "
      .. "at the targets' share" },
    std = g.real { 0.02, min = 1e-4, max = 1, help = "deviation of the tables' start" },
    tied = g.bool { true, help = "the items' input vectors are also those that scores are made with" },
    positions = g.choice { "end", "start", help = "where positions are counted from: the newest item (padding on the left, as in the "
      .. "paper's code) or the oldest in the window (padding on the right)", applies = "batch" },
    order = g.choice { "sasrec", "post", help = "where norms stand: before attention and network, as in the paper's code; or behind "
      .. "them and the item vectors, with gelu and a network four times as wide, as BERT4Rec and S3-Rec's SASRec have them" },
    out = g.bool { false, help = "project what attention gives, as torch's MultiheadAttention does" },
    init = g.choice { "xavier_uniform", "normal", help = "start of the blocks' weights; normal: with deviation std" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function SASRec:build(k, data)
  local lazy, post = k.loss ~= "ce", k.order == "post"
  self.items = data.items
  self.item = nn.embedding { rows = data.items, dim = k.dim, std = k.std, scale = post and 1 or k.dim ^ 0.5, lazy = lazy }
  if not k.tied then self.target = nn.embedding { rows = data.items, dim = k.dim, std = k.std, lazy = lazy } end
  self.position = nn.position { length = k.length, dim = k.dim, std = k.std }
  self.block = {}
  for b = 1, k.blocks do
    self.block[b] = nn.block {
      dim = k.dim, heads = k.heads, hidden = post and 4 * k.dim or k.dim, order = k.order, act = post and "gelu" or "relu",
      dropout = k.dropout, out = k.out, init = k.init, std = k.std,
    }
  end
  self.norm = nn.layer_norm { k.dim, eps = 1e-8 }
end

function SASRec:table() return self.k.tied and self.item.weight or self.target.weight end

-- [tokens] -> [tokens, dim]: what comes after each item of the history.
function SASRec:encode(batch)
  local post = self.k.order == "post"
  local h = self.item(batch.item) + self.position(batch.position)
  h = (post and self.norm(h) or h):dropout(self.k.dropout)
  for _, block in ipairs(self.block) do h = block(h) end
  return post and h or self.norm(h)
end

function SASRec:loss(batch)
  local h, table = self:encode(batch), self:table()
  if self.k.loss == "ce" then return nn.softmax_ce(h, table, batch.target) end
  if self.k.loss == "sampled_ce" then return nn.sampled_softmax_ce(h, table, batch.target, batch.negative) end
  if self.k.loss == "bce" then return nn.sampled_bce(h, table, batch.target, batch.negative) end
  -- gbce: beta = 1 - t (1 - alpha), alpha the share of the other items that is sampled (eq. 15)
  local n = batch.negative.width
  local beta = 1 - self.k.calibration * (1 - n / (self.items - 1))
  return nn.sampled_bce(h, table, batch.target, batch.negative, { beta = beta, over = "sum", offset = self.k.offset }) / (n + 1)
end

function SASRec:score(batch)
  return self:encode(batch):last():matmul_t(self:table())
end

function SASRec:candidates(batch)
  return self:encode(batch):last():dot(nn.embedding(self:table(), batch.candidate))
end

return SASRec
