-- Every function that C gives to scripts, called with everything that it does not expect: outside of a trace, inside one, and with
-- values of a finished one. Nothing may crash; every call either answers or raises a text.
local g, nn = require "gusto", require "gusto.nn"
local core = require "gusto.core"

local sparse       -- the training rows
local stale = {}   -- values, batches of finished traces
local nothing = setmetatable({}, { __index = function() error "hostile" end, __tostring = function() error "hostile" end })
local cycle = {}
cycle[1] = cycle

local function pool(more)
  local t = {
    -- no 2^31 - 1: a table of that many rows is legal, and would be made
    n = 0, -1, 0, 1, 2, 3, 0.5, 2 ^ 31, 1e18, -1e18, 1 / 0, -1 / 0, 0 / 0,
    true, false, "", "x", "mean", ("y"):rep(5000), "a\0b", {}, { 1 }, { -1 }, { 1, 2, 3 }, { x = 1 }, { { 1 }, { 2 } }, { { 1 }, 2 },
    { [1.5] = 1 }, { [true] = 1 }, nothing, cycle, print, coroutine.create(print),
    g.tensor { 1, 2 }, g.tensor { { 1, 2 }, { 3, 4 } }, g.tensor(3), g.rows { { 1, 2 }, { 3, 4 } }, g.rows { 1, 2, 3 },
    g.ids { 0, 1 }, g.ids { -5, 7000000 }, g.tokens { { 1, 2 }, { 3, 4 }, { 5, 6 } },
    nn.linear { 2, 2 }, nn.embedding { 3, 2 },
  }
  local ok, weight = pcall(function() return nn.linear { 2, 2 }.weight end) -- by hand only
  if ok then t[#t + 1] = weight end
  for _, v in ipairs(stale) do t[#t + 1] = v end
  for _, v in ipairs(more or {}) do t[#t + 1] = v end
  t[#t + 1] = nil
  return t
end

local seed = 12345
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n + 1
end

local calls, errors = 0, 0
local function try(name, f, ...)
  calls = calls + 1
  local ok, message = pcall(f, ...)
  if ok then return end
  errors = errors + 1
  if type(message) ~= "string" or message == "" then
    error(("%s raised %s instead of a text"):format(name, type(message)), 0)
  end
end

-- One argument of each kind, then random handfuls.
local function torment(name, f, values, rounds)
  try(name, f)
  for _, v in ipairs(values) do try(name, f, v) end
  for _ = 1, rounds do
    local n, args = random(5), {}
    for i = 1, n do args[i] = random(8) > 1 and values[random(#values)] or nil end
    try(name, f, table.unpack(args, 1, n))
  end
end

local function functions()
  local list = {}
  local function add(prefix, t)
    local names = {}
    for name, f in pairs(t) do
      if type(f) == "function" then names[#names + 1] = name end
    end
    table.sort(names)
    for _, name in ipairs(names) do list[#list + 1] = { prefix .. name, t[name] } end
  end
  add("g.", g)
  add("nn.", nn)
  add("core.", core)
  add("method ", core.methods)
  add("optimizer.", core.optimizer)
  add("schedule.", core.schedule)
  add("linalg.", require "gusto.linalg")
  for _, name in ipairs { "transpose", "map", "sums", "counts", "times", "gram", "neighbours", "least_squares", "store" } do
    list[#list + 1] = { "matrix:" .. name, function(...) return sparse[name](sparse, ...) end }
  end
  return list
end

-- Bindings that open data sets or read files are not for random names: they are tested by themselves.
local skipped = { ["core.open_data"] = true }

local function all(values, rounds)
  for _, entry in ipairs(functions()) do
    if not skipped[entry[1]] then torment(entry[1], entry[2], values, rounds) end
  end
  for i, v in ipairs(values) do
    if type(v) == "userdata" then
      local what = "object " .. i
      for _, key in ipairs { "weight", "shape", "width", "x", "name", "", 1, true, "sigmoid" } do
        try(what, function() return v[key] end)
        try(what, function() v[key] = 1 end)
      end
      try(what, function() return #v end)
      try(what, function() return v() end)
      try(what, function() return -v end)
      try(what, function() return tostring(v) end)
      for _, w in ipairs(values) do
        try(what, function() return v + w end)
        try(what, function() return w * v end)
        try(what, function() return v / w end)
        try(what, function() return v - w end)
        try(what, function() return v(w) end)
        try(what, function() return v == w end)
      end
    end
  end
end

local M = g.model { name = "hostile", batch = "pairs", knobs = { rounds = g.int { 30, min = 0, max = 100000 } } }

function M:build(k, data)
  sparse = data:matrix()
  self.user = nn.embedding { data.users, 4 }
  self.item = nn.embedding { data.items, 4 }
  all(pool { data, self.user }, k.rounds)
  stale[#stale + 1] = data
end

function M:loss(batch)
  local user, item = self.user(batch.user), self.item(batch.item)
  stale[#stale + 1] = user
  stale[#stale + 1] = batch
  all(pool { user, item, batch.user, batch, self.item.weight }, self.k.rounds)
  -- what was recorded above stays in the trace, the model is none the worse
  return nn.bpr(user:dot(item), user:dot(self.item(batch.negative)))
end

function M:score(batch) return self.user(batch.user):matmul_t(self.item.weight) end

-- Called from eval, when the traces have ended.
function _G.torment_by_hand(rounds)
  all(pool(), rounds)
  return ("%d calls, %d errors"):format(calls, errors)
end

return g.experiment {
  data = g.data { "planted", interactions = 2000 },
  model = M,
  train = { epochs = 1, batch = 16 },
}
