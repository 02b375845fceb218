local g, nn = require "gusto", require "gusto.nn"

local BasketGRU = g.model {
  name = "BasketGRU",
  help = "A recurrent network over a user's baskets (rows of equal time), each read as the mean or maximum of its items' vectors, "
    .. "predicts the set of items in the next one. Losses: softmax (over all items together), bce (each item for itself).",
  source = "F. Yu et al.: A Dynamic Recurrent Model for Next Basket Recommendation (DREAM), SIGIR 2016; its loss was BPR",
  batch = "baskets",
  knobs = {
    cell = g.choice { "gru", "lstm", help = "the recurrent cell" },
    dim = g.int { 64, min = 2, max = 4096, help = "numbers per item vector" },
    hidden = g.int { 64, min = 2, max = 4096, help = "numbers of the state" },
    layers = g.int { 1, min = 1, max = 8, help = "recurrent layers" },
    over = g.choice { "mean", "max", "sum", help = "how the items of a basket become one vector" },
    length = g.int { 50, min = 1, max = 4096, help = "baskets of the history that are seen", applies = "model" },
    dropout_embed = g.real { 0, min = 0, max = 0.95, help = "share of the basket vectors' numbers dropped in training" },
    dropout = g.real { 0.2, min = 0, max = 0.95, help = "share of the states' numbers dropped in training, after each layer" },
    loss = g.choice { "softmax", "bce", help = "what is minimised for each next basket" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function BasketGRU:build(k, data)
  self.item = nn.embedding { data.items, k.dim, init = "uniform" }
  self.rnn = nn[k.cell] { k.dim, k.hidden, layers = k.layers, dropout = k.dropout }
  self.target = nn.embedding { data.items, k.hidden, init = "uniform" }
  self.bias = nn.parameter { data.items }
end

-- item [items], size [baskets] -> [baskets, hidden]: what comes after each basket.
function BasketGRU:encode(batch)
  local basket = self.item(batch.item):pool(batch.size, { over = self.k.over })
  return self.rnn(basket:dropout(self.k.dropout_embed)):dropout(self.k.dropout)
end

function BasketGRU:loss(batch)
  return nn.multi_hot_ce(self:encode(batch), self.target.weight, batch.item, batch.size, self.bias, { loss = self.k.loss })
end

function BasketGRU:score(batch)
  return nn.linear(self:encode(batch):last(), self.target.weight, self.bias)
end

function BasketGRU:candidates(batch)
  return self:encode(batch):last():dot(nn.embedding(self.target.weight, batch.candidate)) + nn.embedding(self.bias, batch.candidate)
end

return BasketGRU
