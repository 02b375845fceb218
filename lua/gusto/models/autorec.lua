local g, nn = require "gusto", require "gusto.nn"

local AutoRec = g.model {
  name = "AutoRec",
  help = "An autoencoder of rating rows with one hidden layer: r = f(W g(V r + mu) + b), the loss over observed ratings only. by = "
    .. "item (I-AutoRec) encodes what an item got from all users, by = user (U-AutoRec) what a user gave to all items. L2 of V and W "
    .. "is weight_decay. Users and items without a training rating get the rating `unseen`; predictions stay within the data's range.",
  source = "S. Sedhain et al.: AutoRec: Autoencoders Meet Collaborative Filtering, WWW 2015",
  batch = "rows",
  task = "rating",
  knobs = {
    by = g.choice { "item", "user", help = "an example is an item's ratings or a user's" },
    hidden = g.int { 500, min = 1, max = 65536, help = "hidden units" },
    act = g.choice { "sigmoid", "identity", "tanh", "relu", help = "g, of the hidden units" },
    out = g.choice { "identity", "sigmoid", help = "f, of the ratings; sigmoid spans the data's range" },
    dropout = g.real { 0, min = 0, max = 0.95, help = "share of a row's ratings dropped from the input in training" },
    std = g.real { 0.03, min = 1e-5, max = 1, help = "deviation of the weights' start" },
    unseen = g.real { 3, min = -1e6, max = 1e6, help = "prediction where user or item has no training rating" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function AutoRec:build(k, data)
  local rows, entries = data.items, data.users
  if k.by == "user" then rows, entries = entries, rows end
  self.input = nn.embedding { entries, k.hidden, std = k.std }
  self.hidden = nn.parameter { k.hidden }
  self.output = nn.embedding { entries, k.hidden, std = k.std }
  self.bias = nn.parameter { entries, init = "constant", std = k.out == "identity" and data.mean_rating or 0 }
  self.row_known = nn.parameter { rows, trainable = false }
  self.entry_known = nn.parameter { entries, trainable = false }
  self.low, self.high = data.min_rating, data.max_rating
end

function AutoRec:fit(data)
  local users, items = data:activity():clamp(0, 1), data:popularity():clamp(0, 1)
  local by_user = self.k.by == "user"
  self.row_known:set(by_user and users or items)
  self.entry_known:set(by_user and items or users)
end

function AutoRec:columns(batch)
  if self.k.by == "user" then return batch.user, batch.item end
  return batch.item, batch.user
end

-- [rows, hidden]
function AutoRec:encode(ids, ratings)
  local a = nn.embedding_bag(self.input.weight, ids, ratings:dropout(self.k.dropout)) + self.hidden
  return self.k.act == "identity" and a or a[self.k.act](a)
end

-- Ratings of the entries `ids` in rows of which h is the code.
function AutoRec:decode(h, ids)
  local y = nn.decode(h, self.output.weight, ids, self.bias)
  return self.k.out == "identity" and y or y:sigmoid() * (self.high - self.low) + self.low
end

function AutoRec:loss(batch)
  local _, ids = self:columns(batch)
  return nn.mse(self:decode(self:encode(ids, batch.rating), ids), batch.rating)
end

function AutoRec:rate(batch)
  local row, ids = self:columns(batch)
  local y = self:decode(self:encode(ids, batch.rating), batch.query):clamp(self.low, self.high)
  local known = nn.embedding(self.row_known, row):spread("tokens2") * nn.embedding(self.entry_known, batch.query)
  return known * (y - self.k.unseen) + self.k.unseen
end

-- Ranking is for by = user: a user's predicted ratings of all items.
function AutoRec:score(batch)
  local y = nn.linear(self:encode(batch.item, batch.rating), self.output.weight, self.bias)
  return self.k.out == "identity" and y or y:sigmoid()
end

return AutoRec
