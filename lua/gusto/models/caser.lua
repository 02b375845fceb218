local g, nn = require "gusto", require "gusto.nn"

local Caser = g.model {
  name = "Caser",
  help = "The last items as an image: horizontal filters look for patterns of neighbouring items, vertical filters weigh the items, "
    .. "and the user's own vector stands beside what they found. Losses: bce (the paper's, with sampled negatives), ce (softmax "
    .. "over all items; one target per window).",
  source = "J. Tang, K. Wang: Personalized Top-N Sequential Recommendation via Convolutional Sequence Embedding, WSDM 2018",
  batch = "window",
  knobs = {
    dim = g.int { 50, min = 2, max = 4096, help = "numbers per item and user vector" },
    length = g.int { 5, min = 1, max = 64, help = "items of a window (L)", applies = "model" },
    targets = g.int { 3, min = 1, max = 64, help = "items behind a window that are to be predicted (T)", applies = "model" },
    vertical = g.int { 4, min = 1, max = 256, help = "vertical filters" },
    horizontal = g.int { 16, min = 1, max = 256, help = "horizontal filters of each height" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of the filters' findings dropped in training" },
    loss = g.choice { "bce", "ce", help = "what is minimised for each window" },
    std = g.real { 0.02, min = 1e-4, max = 1, help = "deviation of the tables' start" },
    reg = g.real { 0, min = 0, max = 10, help = "L2 penalty on the user vectors that a step touched, per example" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function Caser:build(k, data)
  if k.loss == "ce" and k.targets ~= 1 then error(("loss = \"ce\" needs targets = 1, got %d"):format(k.targets), 0) end
  local sampled = k.loss == "bce"
  self.item = nn.embedding { data.items, k.dim, std = k.std }
  self.user = nn.embedding { data.users, k.dim, std = k.std }
  self.vertical = nn.mix_rows { k.length, k.vertical }
  self.horizontal = {}
  for height = 1, k.length do
    self.horizontal[height] = nn.conv_rows { k.dim, k.horizontal, height, act = "relu" }
  end
  self.dense = nn.linear { k.vertical * k.dim + k.length * k.horizontal, k.dim, act = "relu" }
  self.output = nn.embedding { data.items, 2 * k.dim, std = k.std, lazy = sampled }
  self.bias = nn.embedding { data.items, 1, init = "zeros", lazy = sampled }
end

-- [examples, 2 dim]: what the window says, and who the user is.
function Caser:encode(batch)
  local k, image = self.k, self.item(batch.item)
  local found = { self.vertical(image):reshape(k.vertical * k.dim) }
  for height, filters in ipairs(self.horizontal) do
    found[#found + 1] = filters(image):max_rows()
    if #found == 8 or height == k.length then found = { nn.concat(table.unpack(found)) } end
  end
  return nn.concat(self.dense(found[1]:dropout(k.dropout)), self.user(batch.user))
end

function Caser:rank(z, ids)
  return nn.dot_rows(z, self.output.weight, ids, self.bias.weight)
end

function Caser:loss(batch)
  local z = self:encode(batch)
  local loss
  if self.k.loss == "ce" then
    loss = nn.softmax_ce(z, self.output.weight, batch.target, self.bias.weight:reshape(-1))
  else
    local up, down = self:rank(z, batch.target), self:rank(z, batch.negative)
    loss = (-up):softplus():mean_all() + down:softplus():mean_all()
  end
  if self.k.reg == 0 then return loss end
  return loss + self.user(batch.user):square():sum():mean_all() * self.k.reg
end

function Caser:score(batch)
  return nn.linear(self:encode(batch), self.output.weight, self.bias.weight:reshape(-1))
end

function Caser:candidates(batch)
  return self:rank(self:encode(batch), batch.candidate)
end

return Caser
