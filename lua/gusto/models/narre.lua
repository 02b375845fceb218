local g, nn = require "gusto", require "gusto.nn"
local reviews = require "gusto.reviews"

local NARRE = g.model {
  name = "NARRE",
  help = "Ratings from the other reviews of the user and of the item: each review through a text CNN, attention over the reviews "
    .. "says which of them matter, and factors of user and item stand beside them. The weights can be probed "
    .. "as user/attention and item/attention.",
  source = "C. Chen et al.: Neural Attentional Rating Regression with Review-level Explanations, WWW 2018",
  batch = "reviews",
  knobs = g.knobs(reviews.knobs(), {
    attention = g.int { 32, min = 1, max = 4096, help = "numbers in which reviews are weighed" },
    dim = g.int { 32, min = 1, max = 4096, help = "factors of users and items" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of the joint factors dropped in training" },
    reg = g.real { 1, min = 0, max = 100, help = "L2 penalty on the biases that a step touched, per rating" },
  }),
}

-- One side of the rating: texts, who wrote them (or about what), factors.
local function side(k, own, others)
  return {
    text = reviews.cnn(k),
    other = nn.embedding { others, k.dim, std = 0.1 },
    attention = nn.attentive_pool { k.filters, k.attention, context = k.dim },
    out = nn.linear { k.filters, k.dim },
    factors = nn.embedding { own, k.dim, std = 0.1 },
    bias = nn.embedding { own, 1, init = "zeros", scale = 5 }, -- five times as fast as the rest: it must not come last
  }
end

function NARRE:build(k, data)
  self.user = side(k, data.users, data.items)
  self.item = side(k, data.items, data.users)
  self.last = nn.linear { k.dim, 1, bias = false }
  self.mean = data.mean_rating
end

-- [examples, dim]: the reviews o, weighed by what they say and by who wrote them (or about what), and the factors.
--   a = softmax(h' relu(W_O o + W_u u + b1) + b2) over the reviews of an example
local function read(s, id, review, other, batch)
  local text = s.text(review, batch.word, batch.start)
  return s.out(s.attention(text, s.other(other))) + s.factors(id)
end

-- [examples]: ratings, and the squares of the biases in them.
local function predict(self, batch)
  local user = read(self.user, batch.user, batch.user_review, batch.reviewed, batch)
  local item = read(self.item, batch.item, batch.item_review, batch.reviewer, batch)
  local joint = (user * item):relu():dropout(self.k.dropout)
  local of_user, of_item = self.user.bias(batch.user):sum(), self.item.bias(batch.item):sum()
  return self.last(joint):sum() + of_user + of_item + self.mean, of_user:square() + of_item:square()
end

function NARRE:rate(batch)
  return (predict(self, batch))
end

function NARRE:loss(batch)
  local rating, squares = predict(self, batch)
  return nn.mse(rating, batch.label) + squares:mean_all() * self.k.reg
end

return NARRE
