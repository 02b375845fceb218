-- Ratings on K levels low, low + step, ...: what the models of discrete ratings (rbm, dbn, cfnade) share.  One example is a user
-- with its rated items or, by = "item", an item with the users who rated it; "entries" are the ids of those.

local g, nn = require "gusto", require "gusto.nn"

local levels = {}

-- Knobs that such a model declares.
function levels.knobs(more)
  more.by = g.choice { "user", "item", help = "an example is a user's row or an item's column of the rating matrix", applies = "model" }
  more.levels = g.int { 5, min = 2, max = 64, help = "how many values a rating can have" }
  more.low = g.real { 1, help = "the lowest rating" }
  more.step = g.real { 1, min = 1e-6, max = 1e6, help = "from one rating to the next" }
  return more
end

-- The data must lie on the levels.  Returns how many entries a row can have.
function levels.check(k, data)
  data:check_levels(k.low, k.step, k.levels)
  return k.by == "user" and data.items or data.users
end

-- [n, K]: what the level biases of each entry are where nothing else is known, log p_k of its training ratings; up_to: the biases are
-- summed, so log p_k - log p_(k-1).  Each entry has besides its own one rating more, which is spread as all ratings are.
function levels.log_frequencies(k, data, up_to)
  local counts = data:level_counts(k.low, k.step, k.levels, k.by == "user" and "item" or "user"):numbers()
  local share, all = {}, 0
  for i, count in ipairs(counts) do
    local level = (i - 1) % k.levels + 1
    share[level], all = (share[level] or 0) + count, all + count
  end
  local rows = {}
  for entry = 0, #counts // k.levels - 1 do
    local row, own = {}, 0
    for level = 1, k.levels do own = own + counts[entry * k.levels + level] end
    for level = 1, k.levels do
      row[level] = math.log((counts[entry * k.levels + level] + (share[level] + 1) / (all + k.levels)) / (own + 1))
    end
    for level = k.levels, 2, -1 do row[level] = row[level] - (up_to and row[level - 1] or 0) end
    rows[entry + 1] = row
  end
  return g.tensor(rows)
end

-- Arguments of the level_* ops.
function levels.args(k, more)
  local args = { levels = k.levels, low = k.low, step = k.step }
  for name, value in pairs(more or {}) do args[name] = value end
  return args
end

-- The ids of the example and of its entries.
function levels.example(k, batch) return k.by == "user" and batch.user or batch.item end
function levels.entries(k, batch) return k.by == "user" and batch.item or batch.user end

-- The values of the levels, [K, 1].
function levels.values(k)
  local rows = {}
  for i = 1, k.levels do rows[i] = { k.low + (i - 1) * k.step } end
  return g.tensor(rows)
end

-- [.., K] logits -> [..] the expected rating.
function levels.expected(k, logits)
  return logits:softmax():matmul(levels.values(k)):sum()
end

-- [K, K] ones on and above the diagonal: x:matmul(upper) are the sums over the levels up to each.
local function upper(k)
  local rows = {}
  for i = 1, k.levels do
    rows[i] = {}
    for j = 1, k.levels do rows[i][j] = i <= j and 1 or 0 end
  end
  return g.tensor(rows)
end

-- What an example's row says of all entries: h [E, d], table [n, K d], bias [n, K] -> [E, n] expected ratings.
-- up_to: logits sum over the levels below.
function levels.expected_all(k, h, table, bias, n, dim, up_to)
  local logits = nn.linear(h, table:reshape(n * k.levels, dim), bias:reshape(n * k.levels)):reshape(n, k.levels)
  return levels.expected(k, up_to and logits:matmul(upper(k)) or logits)
end

-- What entries are called: function(i), i from 0.
function levels.titles(k, data)
  if k.by == "user" then return function(i) return data:title(i) end end
  return function(i) return "user " .. i end
end

-- What a hidden unit is about, as text: the entries whose expected rating rises and falls most with it, by the slope of their weights
-- over the levels.  For people, in a run: gusto tweak RUN --eval "model():unit(3)".
function levels.unit(k, title, weights, n, dim, unit, count)
  if math.type(unit) ~= "integer" or unit < 1 or unit > dim then
    error(("there is no hidden unit %s: they are 1..%d"):format(tostring(unit), dim), 0)
  end
  local centred = {}
  for i = 1, k.levels do centred[i] = { (i - (k.levels + 1) / 2) } end
  local slope = weights:reshape(n * k.levels, dim):slice(unit - 1, unit):reshape(n, k.levels):matmul(g.tensor(centred)):numbers()
  local order = {}
  for i = 1, n do order[i] = i end
  table.sort(order, function(a, b) return slope[a] ~= slope[b] and slope[a] > slope[b] or slope[a] == slope[b] and a < b end)
  local lines = {}
  for place = 1, math.min(count or 10, n // 2) do
    local up, down = order[place], order[n + 1 - place]
    lines[place] = ("%+.3f %-40s %+.3f %s"):format(slope[up], title(up - 1), slope[down], title(down - 1))
  end
  return table.concat(lines, "\n")
end

return levels
