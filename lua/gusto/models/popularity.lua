local g, nn = require "gusto", require "gusto.nn"

local Popularity = g.model {
  name = "Popularity",
  help = "Recommends what most users took, to everybody: the number that every other model must beat.",
  batch = "points",
}

function Popularity:build(_, data)
  self.count = nn.parameter { data.items, trainable = false }
  self.one = nn.parameter { data.users, 1, init = "ones", trainable = false }
end

function Popularity:fit(data)
  self.count:set(data:popularity())
end

-- [examples, items]: the same row for each user.
function Popularity:score(batch)
  return nn.embedding(self.one, batch.user):matmul_t(self.count:reshape(-1, 1))
end

function Popularity:candidates(batch)
  return nn.embedding(self.count, batch.candidate)
end

return Popularity
