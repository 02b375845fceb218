-- Closed forms against what they minimise: run by tests/unit/script/test_linalg.c, which builds the model and calls _G.check_*.
local g, nn = require "gusto", require "gusto.nn"
local linalg = require "gusto.linalg"
local MDA = require "gusto.models.mda"

local seed = 42
local function random() -- uniform in [0, 1)
  seed = (seed * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
  return (seed >> 20) / 2 ^ 43
end

local function close(what, got, want, tolerance)
  if not (math.abs(got - want) <= tolerance) then error(("%s: got %.6g, expected %.6g"):format(what, got, want), 0) end
end

local data -- of the experiment

-- A dense copy of a sparse matrix as Lua tables.
local function dense(x)
  local t = {}
  for r = 1, x.rows do
    t[r] = {}
    for c = 1, x.cols do t[r][c] = 0 end
  end
  x:map(function(v, r, c) t[r][c] = v return v end)
  return t
end

local function row_of(t, n, i) -- row i of a flat table of rows of n
  local r = {}
  for j = 1, n do r[j] = t[(i - 1) * n + j] end
  return r
end

-- At the minimum of |X - X B|^2 + lambda |B|^2 with a zero diagonal the derivative is zero off the diagonal.
function _G.check_ease()
  local EASE, x, lambda = require "gusto.models.ease", data:matrix(), 7
  local n = x.cols
  local model = { k = { lambda = lambda }, weight = linalg.zeros(n, n) }
  EASE.fit(model, data)
  local b, gram = model.weight:numbers(), x:gram():numbers()
  for _ = 1, 200 do
    local i, j = 1 + math.floor(random() * n), 1 + math.floor(random() * n)
    if i == j then
      close("diagonal", b[(i - 1) * n + i], 0, 0)
    else
      local d = -gram[(i - 1) * n + j] + lambda * b[(i - 1) * n + j]
      for k = 1, n do d = d + gram[(i - 1) * n + k] * b[(k - 1) * n + j] end
      close("derivative", d, 0, 2e-3)
    end
  end
  return "ok"
end

-- The closed form is what explicit corruption converges to: W = (sum of X X~') (sum of X~ X~')^-1 over many draws.
function _G.check_mda(draws)
  local d, n, p, ridge = 4, 6, 0.3, 1e-3
  local x = {}
  for u = 1, n do
    x[u] = {}
    for i = 1, d do x[u][i] = random() < 0.6 and 1 or 0 end
    x[u][d + 1] = 1
  end
  local gram, sums, cross, scatter = {}, {}, {}, {}
  for i = 1, d do
    gram[i], sums[i] = {}, 0
    for j = 1, d do gram[i][j] = 0 end
  end
  for i = 1, d + 1 do
    cross[i], scatter[i] = {}, {}
    for j = 1, d do cross[i][j] = 0 end
    for j = 1, d + 1 do scatter[i][j] = i == j and ridge or 0 end
  end
  for u = 1, n do
    for i = 1, d do
      sums[i] = sums[i] + x[u][i]
      for j = 1, d do gram[i][j] = gram[i][j] + x[u][i] * x[u][j] end
    end
    for _ = 1, draws do
      local y = {}
      for i = 1, d do y[i] = random() < p and 0 or x[u][i] end
      y[d + 1] = 1
      for i = 1, d + 1 do
        for j = 1, d do cross[i][j] = cross[i][j] + y[i] * x[u][j] / draws end
        for j = 1, d + 1 do scatter[i][j] = scatter[i][j] + y[i] * y[j] / draws end
      end
    end
  end
  local exact = MDA.solve(g.tensor(gram), g.tensor(sums), n, p, ridge):numbers()
  local sampled = linalg.spd_solve(g.tensor(scatter), g.tensor(cross)):numbers()
  local off = 0
  for i = 1, #exact do off = math.max(off, math.abs(exact[i] - sampled[i])) end
  return ("%.4f"):format(off)
end

-- Scores of ItemKNN by the definition, for one user.
function _G.check_neighbours()
  local x = data:matrix()
  local rows, n, k = dense(x), x.cols, 5
  local near = dense(x:neighbours { k = k, similarity = "cosine", shrink = 2 })
  local columns = dense(x:transpose())
  local function dot(a, b)
    local s = 0
    for i = 1, #a do s = s + a[i] * b[i] end
    return s
  end
  for _ = 1, 30 do
    local i = 1 + math.floor(random() * n)
    local all = {}
    for j = 1, n do
      all[j] = j == i and 0 or dot(columns[i], columns[j]) / ((dot(columns[i], columns[i]) * dot(columns[j], columns[j])) ^ 0.5 + 2)
      if near[i][j] ~= 0 then close("similarity", near[i][j], all[j], 1e-5) end
    end
    table.sort(all, function(a, b) return a > b end)
    local kept = {}
    for j = 1, n do if near[i][j] ~= 0 then kept[#kept + 1] = near[i][j] end end
    table.sort(kept, function(a, b) return a > b end)
    for r = 1, #kept do close("neighbour " .. r, kept[r], all[r], 1e-5) end
    if #kept < k and all[#kept + 1] > 0 then error("a neighbour is missing", 0) end
  end
  assert(#rows == x.rows)
  return "ok"
end

-- Small functions against loops.
function _G.check_dense()
  local a, v = g.tensor { { 4, 1 }, { 1, 3 } }, g.tensor { 5, 7 }
  assert(table.concat(linalg.bordered(a, v, 9):numbers(), " ") == "4.0 1.0 5.0 1.0 3.0 7.0 5.0 7.0 9.0")
  assert(table.concat(linalg.rows(a, 1, 1):numbers(), " ") == "1.0 3.0")
  assert(table.concat(linalg.columns(a, 1, 1):numbers(), " ") == "1.0 3.0")
  assert(table.concat(linalg.column_sums(a):numbers(), " ") == "5.0 4.0")
  assert(table.concat(linalg.ranks(g.tensor { 3, 1, 3, 2 }):numbers(), " ") == "2.0 0.0 2.0 1.0")
  assert(table.concat(linalg.product(a, v):numbers(), " ") == "27.0 26.0")
  local inverse = linalg.spd_inverse(g.tensor { { 4, 1 }, { 1, 3 } })
  local one = linalg.product(a, inverse):numbers()
  for i, want in ipairs { 1, 0, 0, 1 } do close("a a^-1", one[i], want, 1e-6) end
  local sums = row_of(data:matrix():sums("rows"):numbers(), data.users, 1)
  local counts = data:matrix():counts("rows"):numbers()
  for u = 1, data.users do assert(sums[u] == counts[u]) end
  return "ok"
end

local M = g.model { name = "m", batch = "points" }
function M:build(_, d)
  data = d
  self.w = nn.parameter { d.items, trainable = false }
end
function M:fit() end
function M:score(batch) return nn.embedding(self.w:reshape(-1, 1), batch.user) end

return g.experiment { data = g.data { "planted", interactions = 3000, users = 60, items = 220 }, model = M }
