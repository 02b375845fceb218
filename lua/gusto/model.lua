-- g.model { ... }: declares a model.  The table that comes back is the class: its functions (build, loss, score, ...) are defined
-- in the same table or afterwards with `function M:build(k, data)`.
--
--   build(k, data)      makes layers and assigns them to self; their names are the names they are assigned to
--   loss(batch)         the training loss, a sum or mean over the batch; a second result { name = value } is logged
--   score(batch)        [examples, items]: scores of all items
--   candidates(batch)   [examples, n]: scores of batch.candidate
--   rate(batch)         [examples]: predicted ratings of (batch.user, batch.item); where the kind of batches holds histories
--                       (rows, sequence), the history's columns and one prediction per row of batch.query
--   click(batch)        [examples]: the logits of clicks, for batches of fields
--   fit(data)           closed-form training: fills parameters made with nn.parameter { trainable = false }
-- Where several programs are trained in turn: players = { { "critic", params = { "critic" }, times = 1 }, ... } and one
-- loss_<name>(batch) each; a knob lr_<name> is its learning rate.  targets = { target = "online" }: parameters that follow others
-- (knobs tau, target_every).
-- Agents (batch = "transitions", or "returns" with batch.value) act in an environment:
--   act(batch)          [examples, candidates] scores, or [examples, vector]; policy = "rank", "sample" or "vector"
--   observe(batch)      { parameter = sums } that are added after each interaction
-- self.k holds the knobs' values in all of them.

local check = require "gusto.check"
local knob = require "gusto.knob"
local core = require "gusto.core"

local model = {}
local Model = { __name = "model" }

local fields = {
  name = "string", help = "string", source = "string", knobs = "table", batch = "string|table", task = "string",
  build = "function", loss = "function", score = "function", candidates = "function", rate = "function", click = "function",
  fit = "function", act = "function", observe = "function", players = "table", targets = "table", policy = "string",
}

-- What agents learn from; anything else is a kind of batches of data.
local agent_kinds = { transitions = true, returns = true }

-- "rows", or { "rows", by = "item" }: a kind with arguments of its own, which are checked where the experiment is read.
local function check_batch(name, batch)
  local kind = type(batch) == "table" and batch[1] or batch
  if type(kind) ~= "string" then
    error(("model %s: batch names a kind of batches, \"rows\" or { \"rows\", by = \"item\" }, got %s"):format(name, type(kind)), 3)
  end
  if not core.kinds[kind] and not agent_kinds[kind] then
    local close = check.closest(kind, core.kinds)
    error(("model %s: there are no batches of kind \"%s\"%s"):format(name, kind,
      close and ("; did you mean \"%s\"?"):format(close) or ": `gusto doc` lists them"), 3)
  end
end

function model.declare(spec)
  check.fields("g.model", spec, fields, 2)
  local name = check.need("g.model", spec, "name", "what users will call it", 2)
  spec.batch = spec.batch or "sequence"
  check_batch(name, spec.batch)
  spec.knobs = spec.knobs or {}
  for key, k in pairs(spec.knobs) do
    if type(key) ~= "string" or not key:find "^[%a_][%w_]*$" then
      error(("model %s: a knob's name is a word, got %s"):format(name, tostring(key)), 2)
    end
    if not knob.is(k) then
      error(("model %s: knob %s must be made by g.int, g.real, g.log, g.bool or g.choice"):format(name, key), 2)
    end
  end
  spec.__index = spec
  return setmetatable(spec, Model)
end

function model.is(m) return getmetatable(m) == Model end

-- Whether the model acts in an environment.
function model.acts(m) return agent_kinds[m.batch] == true end

local methods = { "build", "loss", "score", "candidates", "rate", "click", "fit", "act", "observe" }

local function check_players(m, level)
  for _, player in ipairs(m.players or {}) do
    local name = type(player) == "table" and player[1]
    if type(name) ~= "string" or type(m["loss_" .. name]) ~= "function" then
      error(("model %s: player %s needs loss_%s(batch)"):format(m.name, tostring(name), tostring(name)), level)
    end
  end
end

local function check_agent(m, level)
  if not m.act then error(("model %s cannot act: it needs act(batch)"):format(m.name), level) end
  if not (m.loss or m.observe or m.players) then
    error(("model %s cannot learn: it needs loss(batch), players or observe(batch)"):format(m.name), level)
  end
end

function model.check(m, level)
  for _, name in ipairs(methods) do
    local f = rawget(m, name)
    if f ~= nil and type(f) ~= "function" then
      error(("model %s: %s must be a function, got %s"):format(m.name, name, type(f)), (level or 1) + 1)
    end
  end
  check_players(m, (level or 1) + 2)
  if model.acts(m) then return check_agent(m, (level or 1) + 2) end
  if not (m.score or m.candidates or m.rate or m.click) then
    error(("model %s can rank nothing: it needs score(batch), candidates(batch), rate(batch) or click(batch)"):format(m.name), (level or 1) + 1)
  end
  if not (m.loss or m.fit or m.players) then
    error(("model %s cannot learn: it needs loss(batch), players or fit(data)"):format(m.name), (level or 1) + 1)
  end
end

-- Names the layers after the places they were assigned to: self.item -> "item", self.block[2].attention -> "block 2/attention".
local function name_layers(t, path, seen, depth)
  if depth > 16 then error(("layers are nested more than 16 deep at '%s'"):format(path), 0) end
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if math.type(a) == "integer" and math.type(b) == "integer" then return a < b end
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(keys) do
    local value = t[key]
    local named = math.type(key) == "integer" and path ~= "" and ("%s %d"):format(path, key)
      or type(key) == "string" and (path == "" and key or path .. "/" .. key)
    if core.is_layer(value) then
      if not named then error("a layer needs a name: assign it to self.<name>", 0) end
      core.bind(value, named)
    elseif type(value) == "table" and getmetatable(value) == nil and named and not seen[value] then
      seen[value] = true
      name_layers(value, named, seen, depth + 1)
    end
  end
end

-- A model with these knob values; runs while the C side collects parameters.
function model.build(class, values, data)
  local self = setmetatable({ k = knob.values(values, "model " .. class.name) }, class)
  if class.build then class.build(self, self.k, data) end
  name_layers(self, "", {}, 0)
  return self
end

return model
