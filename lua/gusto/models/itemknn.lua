local g, nn = require "gusto", require "gusto.nn"

local ItemKNN = g.model {
  name = "ItemKNN",
  help = "Items that the same people took: the similarities of an item to what the user has, added up over its nearest neighbours.",
  source = "B. Sarwar et al.: Item-based Collaborative Filtering Recommendation Algorithms, WWW 2001; weightings, shrinkage and "
    .. "similarities as in M. Ferrari Dacrema et al., TOIS 2021",
  batch = "rows",
  knobs = {
    k = g.int { 100, min = 1, max = 100000, help = "neighbours that are kept" },
    keep = g.choice { "target", "source", help = "whose: target, each item is voted for by its k neighbours; source, each item of "
      .. "the history votes for its k neighbours" },
    similarity = g.choice { "cosine", "asymmetric", "jaccard", "dice", "tversky", help = "how alike two items are (gusto.linalg)" },
    weighting = g.choice { "none", "bm25", "tfidf", help = "of the interactions before they are compared" },
    shrink = g.real { 0, min = 0, max = 1e6,
      help = "added below the fraction: what rests on few users counts less", applies = "model" },
    alpha = g.real { 0.5, min = 0, max = 10, help = "of the asymmetric cosine and of tversky", applies = "model" },
    beta = g.real { 1, min = 0, max = 10, help = "of tversky", applies = "model" },
    last = g.int { 0, min = 0, max = 1000000, help = "only so many items at the end of the history vote; 0: all" },
    silent = g.choice { "zero", "never", help = "items without a vote: scored 0, or never recommended" },
  },
}

-- The matrix that is compared: Okapi BM25 (items as documents, users as words) or TF-IDF of the interactions.  Histories are not
-- weighted: what was taken counts 1.
local weighting = {}

function weighting.bm25(x, k1, b)
  k1, b = k1 or 1.2, b or 0.75
  local sum, count = x:sums("cols"):numbers(), x:counts("rows"):numbers()
  local mean = 0
  for i = 1, x.cols do mean = mean + sum[i] / x.cols end
  return x:map(function(v, user, item)
    return v * (k1 + 1) / (k1 * (1 - b + b * sum[item] / mean) + v) * math.log(x.cols / (1 + count[user]))
  end)
end

function weighting.tfidf(x)
  local count = x:counts("rows"):numbers()
  return x:map(function(v, user) return v ^ 0.5 * math.log(x.cols / (1 + count[user])) end)
end

function weighting.none(x) return x end

function ItemKNN:build(k, data)
  local entries = data.items * math.min(k.k, data.items)
  self.width = data.items
  self.start = nn.parameter { data.items + 1, trainable = false }
  self.neighbour = nn.parameter { entries, trainable = false }
  self.similarity = nn.parameter { entries, trainable = false }
end

-- Row i of `near` holds the neighbours of item i: they vote for it (its column of the votes), or it votes for them.
function ItemKNN:fit(data)
  local k = self.k
  local near = weighting[k.weighting](data:matrix()):neighbours {
    k = k.k, similarity = k.similarity, shrink = k.shrink, alpha = k.alpha, beta = k.beta,
  }
  local votes = k.keep == "target" and near:transpose() or near
  votes:store(self.start, self.neighbour, self.similarity)
end

-- [examples, items]
function ItemKNN:score(batch)
  return nn.sparse_bag(self.start, self.neighbour, self.similarity, batch.item,
    { width = self.width, silent = self.k.silent, last = self.k.last })
end

return ItemKNN
