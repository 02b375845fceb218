local g, nn = require "gusto", require "gusto.nn"

local BERT4Rec = g.model {
  name = "BERT4Rec",
  help = "Bidirectional self-attention fills in hidden items of the history; to recommend, one hidden item is put behind it. The "
    .. "softmax is over all items and only the hidden places are decoded.",
  source = "F. Sun et al.: BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations from Transformer, CIKM 2019",
  batch = "masked",
  knobs = {
    dim = g.int { 64, min = 2, max = 4096, help = "numbers per item vector" },
    blocks = g.int { 2, min = 1, max = 32, help = "attention blocks" },
    heads = g.int { 2, min = 1, max = 64, help = "attention heads; must divide dim" },
    hidden = g.int { 256, min = 1, max = 16384, help = "numbers inside the feed-forward networks" },
    length = g.int { 200, min = 2, max = 10000, help = "items of the history that are seen", applies = "model" },
    mask = g.real { 0.2, min = 0, max = 1, help = "share of the items that is hidden in training", applies = "batch" },
    last = g.real { 0, min = 0, max = 1, help = "share of the examples that end with an item drawn at random, which alone is hidden", applies = "batch" },
    positions = g.choice { "end", "start", help = "where positions are counted from: the newest item or the oldest in the window",
      applies = "batch" },
    dropout = g.real { 0.1, min = 0, max = 0.95, help = "share dropped in training" },
    std = g.real { 0.02, min = 1e-4, max = 1, help = "deviation of the weights' start" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function BERT4Rec:build(k, data)
  self.item = nn.embedding { rows = data.items, dim = k.dim, std = k.std, lazy = false }
  self.hidden = nn.embedding { rows = 1, dim = k.dim, std = k.std, lazy = false }
  self.position = nn.position { length = k.length, dim = k.dim, std = k.std }
  self.norm = nn.layer_norm { k.dim, eps = 1e-12 }
  self.block = {}
  for b = 1, k.blocks do
    self.block[b] = nn.block {
      dim = k.dim, heads = k.heads, hidden = k.hidden, order = "post", act = "gelu", causal = false, out = true,
      dropout = k.dropout, init = "normal", std = k.std, eps = 1e-12,
    }
  end
end

-- [tokens] -> [tokens, dim]; item is -1 where masked is 0, and the other way round.
function BERT4Rec:encode(batch)
  local h = self.item(batch.item) + self.hidden(batch.masked) + self.position(batch.position)
  h = self.norm(h):dropout(self.k.dropout)
  for _, block in ipairs(self.block) do h = block(h) end
  return h
end

function BERT4Rec:loss(batch)
  return nn.softmax_ce(self:encode(batch):take(batch.place), self.item.weight, batch.target)
end

function BERT4Rec:score(batch)
  return self:encode(batch):last():matmul_t(self.item.weight)
end

function BERT4Rec:candidates(batch)
  return self:encode(batch):last():dot(nn.embedding(self.item.weight, batch.candidate))
end

return BERT4Rec
