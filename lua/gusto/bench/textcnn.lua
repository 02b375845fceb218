-- The text CNN of the benches textcnn-frozen and textcnn-train: DeepCoNN with one table of word vectors under both towers, in the
-- sizes of the paper.

local g, nn = require "gusto", require "gusto.nn"

local TextCNN = g.model {
  name = "TextCNN",
  help = "Ratings from the user's document and the item's: a text CNN reads each, a factorisation machine joins what they found. "
    .. "Both read the same word vectors, which are trained or fixed.",
  source = "L. Zheng et al.: Joint Deep Modeling of Users and Items Using Reviews for Recommendation, WSDM 2017",
  batch = "reviews",
  knobs = {
    vocabulary = g.int { 50000, min = 1, max = 1000000, help = "words that are known", applies = "model" },
    least = g.int { 0, min = 0, max = 1000000, help = "occurrences that a word needs to be known", applies = "model" },
    words = g.int { 200, min = 1, max = 100000, help = "words of a document", applies = "model" },
    reviews = g.int { 1, min = 1, max = 1000, help = "reviews of a user and of an item", applies = "model" },
    train_words = g.bool { true, help = "are the word vectors trained?" },
    word_dim = g.int { 300, min = 1, max = 1024, help = "numbers per word vector" },
    filters = g.int { 100, min = 1, max = 4096, help = "filters of a text CNN" },
    width = g.int { 3, min = 1, max = 16, help = "words that a filter sees" },
    dim = g.int { 50, min = 1, max = 4096, help = "numbers that a document becomes" },
    factors = g.int { 8, min = 1, max = 1024, help = "factors of the factorisation machine" },
    dropout = g.real { 0.5, min = 0, max = 0.95, help = "share of the documents' numbers dropped in training" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

local function tower(k)
  return {
    kernel = nn.linear { k.word_dim, k.width * k.filters, bias = false },
    bias = nn.parameter { k.filters },
    out = nn.linear { k.filters, k.dim },
  }
end

function TextCNN:build(k)
  self.word = nn.parameter { k.vocabulary, k.word_dim, init = "normal", std = 0.1, lazy = true, trainable = k.train_words }
  self.user, self.item = tower(k), tower(k)
  self.first = nn.linear { 2 * k.dim, 1 }
  self.pairs = nn.linear { 2 * k.dim, k.factors, bias = false, init = "normal", std = 0.1 }
end

-- [examples, dim]
function TextCNN:read(t, text, batch)
  local found = nn.conv_text(self.word, t.kernel.weight, text, batch.word, batch.start, t.bias, { width = self.k.width })
  return t.out(found:pool { over = "max" }:relu()):dropout(self.k.dropout)
end

-- w0 + w z + sum_{i<j} <v_i, v_j> z_i z_j over z = [user's document, item's document]   (Rendle 2010)
function TextCNN:rate(batch)
  local z = nn.concat(self:read(self.user, batch.user_review, batch), self:read(self.item, batch.item_review, batch))
  local squares = nn.linear(z:square(), self.pairs.weight:square())
  return self.first(z):sum() + (self.pairs(z):square() - squares):sum() * 0.5
end

function TextCNN:loss(batch)
  return nn.mse(self:rate(batch), batch.label)
end

return TextCNN
