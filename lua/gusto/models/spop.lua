local g, nn, linalg = require "gusto", require "gusto.nn", require "gusto.linalg"

local SPop = g.model {
  name = "S-POP",
  help = "What the user (or session) took most often, then what is most popular: S-POP of sessions, personal frequency of baskets.",
  source = "B. Hidasi et al.: Session-based Recommendations with Recurrent Neural Networks, ICLR 2016",
  batch = "rows",
  knobs = {
    rest = g.choice { "popularity", "never", help = "items that are not in the history: by popularity, or never recommended" },
  },
}

function SPop:build(_, data)
  self.start = nn.parameter { data.items + 1, trainable = false }
  self.item = nn.parameter { data.items, trainable = false }
  self.worth = nn.parameter { data.items, trainable = false }
  self.rest = nn.parameter { 1, data.items, trainable = false }
end

-- Each item votes for itself with 1 + p, p < 1 / 512 rising with its popularity: up to 511 times an item come before any item
-- less often taken, and equal counts are ordered by popularity.
function SPop:fit(data)
  local p = (linalg.ranks(data:popularity()) * (1 / 512 / data.items)):numbers()
  local start, item, worth = { 0 }, {}, {}
  for i = 1, data.items do start[i + 1], item[i], worth[i] = i, i - 1, 1 + p[i] end
  self.start:set(start)
  self.item:set(item)
  self.worth:set(worth)
  self.rest:set(p)
end

-- [examples, items]
function SPop:score(batch)
  local width, never = self.rest.width, self.k.rest == "never"
  local count = nn.sparse_bag(self.start, self.item, self.worth, batch.item, { width = width, silent = never and "never" or "zero" })
  return never and count or count + self.rest:reshape(-1)
end

return SPop
