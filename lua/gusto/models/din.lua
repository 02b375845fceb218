local g, nn = require "gusto", require "gusto.nn"
local fields = require "gusto.fields"

local DIN = g.model {
  name = "DIN",
  help = "Deep interest network: each liked item of the user's history is weighed by a small network that sees it beside the item in "
    .. "question; the weighed sum joins the other fields in a tower with Dice. For click-through on fields with the field item.",
  source = "G. Zhou et al.: Deep Interest Network for Click-Through Rate Prediction, KDD 2018",
  batch = { "fields", history = 50 },
  task = "ctr",
  knobs = {
    dim = g.int { 16, min = 1, max = 1024, help = "numbers per feature vector" },
    history = g.int { 50, min = 1, max = 4096, help = "liked items before the interaction that are seen" },
    attention = g.int { 80, min = 1, max = 8192, help = "numbers in the first layer of the weighing network; the second has half" },
    softmax = g.bool { false, help = "weights that sum to 1; the paper keeps the intensity of interests" },
    hidden = g.int { 200, min = 1, max = 8192, help = "numbers in the first layer of the tower; the second has 2/5 of it" },
    act = g.choice { "dice", "prelu", "relu", "sigmoid", help = "activation of both networks" },
    dropout = g.real { 0, min = 0, max = 0.95, help = "share of the tower's activations dropped in training" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the vectors' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the vectors that a step touched: reg / 2 of their squares" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function DIN:build(k, data)
  self.vector = fields.vectors(data, { dim = k.dim, std = k.std })
  self.item_at = fields.place(data, "item") * k.dim
  self.weigh = fields.tower(4 * k.dim, { k.attention, (k.attention + 1) // 2 }, { act = k.act })
  self.weight = nn.linear { (k.attention + 1) // 2, 1 }
  self.tower = fields.tower((fields.count(data) + 1) * k.dim, { k.hidden, (2 * k.hidden + 4) // 5 }, { act = k.act, dropout = k.dropout })
  self.out = nn.linear { (2 * k.hidden + 4) // 5, 1 }
end

-- history [T2], item [E, dim] -> the interest in the item, [E, dim] (equation 3); zeros without a history.
function DIN:interest(history, item)
  local h, q = self.vector.word(history), item:spread { to = "tokens2" }
  local w = self.weight(fields.climb(self.weigh, nn.concat(nn.concat(h, q), nn.concat(h - q, h * q)))):sum()
  if self.k.softmax then w = w:softmax_tokens() end
  return (h * w):pool { over = "sum" }
end

function DIN:logit(batch)
  local v = fields.concat(self.vector, batch)
  local interest = self:interest(batch.history, v:slice(self.item_at, self.item_at + self.k.dim))
  return self.out(fields.climb(self.tower, nn.concat(v, interest))):sum(), v
end

function DIN:click(batch) return (self:logit(batch)) end

function DIN:loss(batch)
  local logit, v = self:logit(batch)
  local loss = nn.bce_logits(logit, batch.label)
  if self.k.reg == 0 then return loss end
  return loss + v:square():sum():mean_all() * (self.k.reg / 2)
end

return DIN
