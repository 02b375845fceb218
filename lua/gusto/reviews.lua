-- What models of reviews share: how texts become words, and the CNN that reads them (batches of data/kind_reviews.c).

local knob, nn = require "gusto.knob", require "gusto.nn"

local reviews = {}

function reviews.knobs()
  return {
    vocabulary = knob.int { 10000, min = 1, max = 1000000, help = "most frequent words that are known", applies = "model" },
    least = knob.int { 2, min = 0, max = 1000000, help = "occurrences that a word needs to be known", applies = "model" },
    words = knob.int { 200, min = 0, max = 100000, help = "words kept of a review; 0: all", applies = "model" },
    reviews = knob.int { 30, min = 1, max = 1000, help = "latest reviews kept of a user and of an item", applies = "model" },
    word_dim = knob.int { 64, min = 1, max = 1024, help = "numbers per word vector" },
    filters = knob.int { 50, min = 1, max = 4096, help = "filters of the text CNN" },
    width = knob.int { 3, min = 1, max = 16, help = "words that a filter sees" },
    lr = knob.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  }
end

function reviews.cnn(k)
  return nn.text_cnn { k.vocabulary, k.word_dim, k.filters, k.width }
end

return reviews
