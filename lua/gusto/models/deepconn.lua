local g, nn = require "gusto", require "gusto.nn"
local reviews = require "gusto.reviews"

local DeepCoNN = g.model {
  name = "DeepCoNN",
  help = "Ratings from two documents: all other reviews of the user, all other reviews of the item. A text CNN reads each, and "
    .. "a factorisation machine joins what they found.",
  source = "L. Zheng et al.: Joint Deep Modeling of Users and Items Using Reviews for Recommendation, WSDM 2017",
  batch = "reviews",
  knobs = g.knobs(reviews.knobs(), {
    dim = g.int { 32, min = 1, max = 4096, help = "numbers that a document becomes" },
    factors = g.int { 8, min = 1, max = 1024, help = "factors of the factorisation machine" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of the documents' numbers dropped in training" },
  }),
}

local function tower(k)
  return {
    text = reviews.cnn(k),
    out = nn.linear { k.filters, k.dim, act = "relu" },
  }
end

function DeepCoNN:build(k, data)
  self.user, self.item = tower(k), tower(k)
  self.first = nn.linear { 2 * k.dim, 1 }
  self.pairs = nn.linear { 2 * k.dim, k.factors, bias = false, init = "normal", std = 0.01 }
  self.mean = data.mean_rating
end

-- [examples, dim].  The maximum over a document is the largest of the maxima over its reviews.
function DeepCoNN:read(t, review, batch)
  local found = t.text(review, batch.word, batch.start):pool { over = "max" }
  return t.out(found):dropout(self.k.dropout)
end

-- w0 + w z + sum_{i<j} <v_i, v_j> z_i z_j over z = [user's document, item's document]   (Rendle 2010)
function DeepCoNN:rate(batch)
  local z = nn.concat(self:read(self.user, batch.user_review, batch), self:read(self.item, batch.item_review, batch))
  local squares = nn.linear(z:square(), self.pairs.weight:square())
  local second = (self.pairs(z):square() - squares):sum() * 0.5
  return self.first(z):sum() + second + self.mean
end

function DeepCoNN:loss(batch)
  return nn.mse(self:rate(batch), batch.label)
end

return DeepCoNN
