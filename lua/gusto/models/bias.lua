local g, nn = require "gusto", require "gusto.nn"

local Bias = g.model {
  name = "Bias",
  help = "Ratings as the mean plus what the user and the item deviate from it, by alternating ridge regression.",
  source = "Y. Koren: Factorization Meets the Neighborhood, KDD 2008 (baseline estimates)",
  batch = "ratings",
  knobs = {
    user_reg = g.real { 10, min = 0, max = 1e6, help = "ridge penalty on a user's deviation, in ratings", applies = "model" },
    item_reg = g.real { 5, min = 0, max = 1e6, help = "ridge penalty on an item's deviation, in ratings", applies = "model" },
    sweeps = g.int { 15, min = 1, max = 1000, help = "how often items, then users, are solved for" },
  },
}

function Bias:build(_, data)
  self.mean = nn.parameter { 1, trainable = false }
  self.user = nn.parameter { data.users, trainable = false }
  self.item = nn.parameter { data.items, trainable = false }
  self.low, self.high = data.min_rating, data.max_rating
end

-- b_i = sum_u (r_ui - mean - b_u) / (n_i + reg), and likewise for users.
function Bias:fit(data)
  local r, seen = data:matrix { values = "rating" }, data:matrix()
  local mean = data.mean_rating
  local function solve(sum, count, others, reg) return (sum - count * mean - others) / (count + reg) end
  local seen_by = seen:transpose()
  local item_sum, item_count = r:sums "cols", r:counts "cols"
  local user_sum, user_count = r:sums "rows", r:counts "rows"
  self.mean:set(mean)
  for _ = 1, self.k.sweeps do
    self.item:set(solve(item_sum, item_count, seen_by:times(self.user), self.k.item_reg))
    self.user:set(solve(user_sum, user_count, seen:times(self.item), self.k.user_reg))
  end
end

-- [examples], within the range of the ratings that were seen
function Bias:rate(batch)
  local rating = nn.embedding(self.user, batch.user) + nn.embedding(self.item, batch.item) + self.mean:reshape()
  return rating:clamp(self.low, self.high)
end

return Bias
