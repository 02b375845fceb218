local g, nn = require "gusto", require "gusto.nn"

local NADE = g.model {
  name = "NADE",
  help = "A neural autoregressive model of item sets: each item of the catalogue is there or not, predicted from the items before it in "
    .. "an order, by id or random per user and step. The likelihood is exact. Ranks by p(item | everything the user has).",
  source = "H. Larochelle, I. Murray: The Neural Autoregressive Distribution Estimator, AISTATS 2011; random orders: B. Uria, I. Murray, "
    .. "H. Larochelle: A Deep and Tractable Density Estimator, ICML 2014",
  batch = "rows",
  knobs = {
    hidden = g.int { 500, min = 1, max = 65536, help = "hidden units" },
    order = g.choice { "random", "given", help = "of the items: drawn anew per user and step, or by id" },
    std = g.real { 0.01, min = 1e-5, max = 1, help = "deviation of the weights' start" },
    lr = g.log { 1e-3, min = 1e-6, max = 10, help = "learning rate" },
  },
}

function NADE:build(k, data)
  self.encoder = nn.parameter { data.items, k.hidden, init = "normal", std = k.std }
  self.decoder = nn.parameter { data.items, k.hidden, init = "normal", std = k.std }
  self.bias = nn.parameter { data.items }
  self.hidden_bias = nn.parameter { k.hidden }
end

-- [E]: -log p of each user's set of items.
function NADE:surprise(batch)
  return nn.nade(self.hidden_bias, self.encoder, self.decoder, self.bias, batch.item, { order = self.k.order })
end

function NADE:loss(batch)
  return self:surprise(batch):mean_all()
end

function NADE:hidden(batch)
  return (nn.embedding_bag(self.encoder, batch.item) + self.hidden_bias):sigmoid()
end

function NADE:score(batch)
  return nn.linear(self:hidden(batch), self.decoder, self.bias)
end

return NADE
