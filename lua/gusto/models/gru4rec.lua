local g, nn = require "gusto", require "gusto.nn"

local GRU4Rec = g.model {
  name = "GRU4Rec",
  help = "A recurrent network (cell = gru, or lstm for its twin) reads the session and predicts the next item at every step. "
    .. "Losses: ce (softmax over all items), sampled_ce (softmax over the target and shared negatives, corrected by logq), "
    .. "bpr_max, top1_max. kind = sequence packs whole sessions: gradients run back to a session's first item. kind = "
    .. "session_parallel reads one item of `batch` sessions a step and carries their states, as the authors do: gradients end "
    .. "with the step. The negatives are the sampled ones only, where the authors add the other targets of the batch.",
  source = "B. Hidasi et al.: Session-based Recommendations with Recurrent Neural Networks, ICLR 2016; B. Hidasi, "
    .. "A. Karatzoglou: Recurrent Neural Networks with Top-k Gains for Session-based Recommendations, CIKM 2018",
  batch = { "sequence", shared = true },
  knobs = {
    kind = g.choice { "sequence", "session_parallel", help = "what a step reads: whole sessions, or one item of each of `batch` of them" },
    batch = g.int { 128, min = 1, max = 1 << 20, help = "sessions per step", applies = "model" },
    cell = g.choice { "gru", "lstm", help = "the recurrent cell" },
    dim = g.int { 64, min = 2, max = 4096, help = "numbers per item vector" },
    hidden = g.int { 128, min = 2, max = 4096, help = "numbers of the state" },
    layers = g.int { 1, min = 1, max = 8, help = "recurrent layers" },
    tied = g.bool { true, help = "the items' input vectors are also those that scores are made with" },
    bias = g.bool { false, help = "a score of its own for each item" },
    length = g.int { 50, min = 1, max = 4096, help = "items of the history that are seen", applies = "model" },
    dropout_embed = g.real { 0, min = 0, max = 0.95, help = "share of the item vectors' numbers dropped in training" },
    dropout = g.real { 0, min = 0, max = 0.95, help = "share of the states' numbers dropped in training, after each layer" },
    loss = g.choice { "ce", "sampled_ce", "bpr_max", "top1_max", help = "what is minimised at each position" },
    logq = g.real { 1, min = 0, max = 1, help = "sampled_ce: weight of the negatives' log probability that is taken off their scores" },
    bpreg = g.real { 1, min = 0, max = 1e3, help = "bpr_max: weight of the negatives' squared scores" },
    elu = g.real { 0, min = 0, max = 10, help = "bpr_max, top1_max: scores pass an elu of this alpha; 0: they do not" },
    sampler = g.choice { "popularity", "uniform", help = "how the shared negatives are drawn", applies = "model" },
    alpha = g.real { 0.5, min = 0, max = 2, help = "sampler popularity: in proportion to popularity^alpha", applies = "model" },
    std = g.real { 0, min = 0, max = 1, help = "bound of the uniform start of the tables; 0: 1 / sqrt(dim)" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function GRU4Rec:build(k, data)
  local lazy = k.loss ~= "ce"
  self.item = nn.embedding { data.items, k.dim, init = "uniform", std = k.std, lazy = lazy }
  self.rnn, self.state = {}, {}
  for l = 1, k.layers do
    self.rnn[l] = nn[k.cell] { l == 1 and k.dim or k.hidden, k.hidden }
    if k.kind == "session_parallel" then self.state[l] = nn.parameter { k.batch, k.hidden, trainable = false } end
  end
  if k.kind == "session_parallel" and k.cell ~= "gru" then
    error("GRU4Rec: session_parallel batches carry one state per layer: they need cell = gru", 0)
  end
  if k.hidden ~= k.dim and k.tied then self.out = nn.linear { k.hidden, k.dim } end
  if not k.tied then self.target = nn.embedding { data.items, k.hidden, init = "uniform", std = k.std, lazy = lazy } end
  if k.bias then self.bias = nn.parameter { data.items } end
  if k.loss == "sampled_ce" then self.log_q = nn.parameter { data.items, trainable = false } end
end

function GRU4Rec:fit(data)
  if self.log_q then self.log_q:set(data:log_q { sampler = self.k.sampler, alpha = self.k.alpha }) end
end

function GRU4Rec:table() return self.k.tied and self.item.weight or self.target.weight end

-- One layer over [tokens]; in session-parallel training it goes on from the states of the batch's lanes and leaves its own.
function GRU4Rec:layer(l, x, batch)
  if not batch:has "lane" then return self.rnn[l](x) end
  local h = self.rnn[l](x, nn.embedding(self.state[l], batch.lane) * batch.carried)
  nn.carry(h:last(), self.state[l], batch.lane)
  return h
end

-- [tokens] -> [tokens, numbers of the table]: what comes after each item of the session.
function GRU4Rec:encode(batch)
  local h = self.item(batch.item):dropout(self.k.dropout_embed)
  for l = 1, self.k.layers do h = self:layer(l, h, batch):dropout(self.k.dropout) end
  return self.out and self.out(h) or h
end

-- What is taken off each item's score in a sampled loss, or nil.
function GRU4Rec:offset()
  local q = self.log_q and self.k.logq > 0 and nn.scale(self.log_q, self.k.logq)
  if not self.bias then return q or nil end
  return q and q - self.bias or -self.bias
end

function GRU4Rec:loss(batch)
  local k, h, offset = self.k, self:encode(batch), self:offset()
  if k.loss == "ce" then
    if self.bias then return nn.softmax_ce(h, self:table(), batch.target, self.bias) end
    return nn.softmax_ce(h, self:table(), batch.target)
  end
  if not batch:has "negative" then
    error(("GRU4Rec: loss = %s needs negatives that the batch shares: set negatives to 1 or more"):format(k.loss), 0)
  end
  local options = k.loss == "bpr_max" and { reg = k.bpreg, elu = k.elu } or k.loss == "top1_max" and { elu = k.elu } or {}
  local loss = nn[k.loss == "sampled_ce" and "sampled_softmax_ce" or k.loss]
  if offset then return loss(h, self:table(), batch.target, batch.negative, offset, options) end
  return loss(h, self:table(), batch.target, batch.negative, options)
end

function GRU4Rec:score(batch)
  local h = self:encode(batch):last()
  if self.bias then return nn.linear(h, self:table(), self.bias) end
  return h:matmul_t(self:table())
end

function GRU4Rec:candidates(batch)
  local s = self:encode(batch):last():dot(nn.embedding(self:table(), batch.candidate))
  return self.bias and s + nn.embedding(self.bias, batch.candidate) or s
end

return GRU4Rec
