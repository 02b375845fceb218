-- Knobs: declared hyperparameters.
--   g.int { 50, min = 4, max = 1024, help = "embedding width" }     g.real, g.log alike; g.log is a positive number whose
--   g.bool { true }      g.choice { "bce", "ce" } (the first is the default)      scale is logarithmic
-- `applies` says when a change takes effect: "step" (the trainer reads it before the next step), "batch" (with the next batch),
-- "live" (a number in what the model computes, say a dropout rate or a penalty's weight: from the next step; the default of
-- g.real and g.log), "model" (the model is rebuilt and keeps its weights by name; the default of the others).  A live knob may
-- be used like any number: where a change of it makes the model compute something else than the same with another number (a
-- branch, a size), the model is rebuilt.  Knobs of the trainer's own names (lr, batch, ...) need no `applies`.

local check = require "gusto.check"

local knob = {}
local Knob = { __name = "knob" }
local count = 0

local step = { lr = true, weight_decay = true, clip = true, patience = true, epochs = true,
  momentum = true, beta1 = true, beta2 = true, eps = true }
local batch = { batch = true, negatives = true, sampler = true, alpha = true }

local levels = { step = true, batch = true, live = true, model = true }

function knob.applies(name, k)
  local scalar = k.type == "real" or k.type == "log"
  return k.applies or step[name] and "step" or batch[name] and "batch" or scalar and "live" or "model"
end

local fields = { [1] = "any", default = "any", min = "number", max = "number", help = "string", applies = "string" }
local choice_fields = { default = "string", help = "string", applies = "string" }

local function make(kind, t, default, level)
  count = count + 1
  if t.applies and not levels[t.applies] then
    error(("g.%s: applies must be \"step\", \"batch\", \"live\" or \"model\", got \"%s\""):format(kind, t.applies), level + 1)
  end
  return setmetatable({ type = kind, default = default, min = t.min, max = t.max, help = t.help or "",
    applies = t.applies, order = count }, Knob)
end

local bounds = {
  int = { -2147483648, 2147483647 },
  real = { -1e30, 1e30 },
  log = { 1e-30, 1e30 },
}

local function number(kind)
  return function(t)
    if type(t) ~= "table" then t = { t } end
    check.fields("g." .. kind, t, fields, 2)
    local default = t[1]
    if default == nil then default = t.default end
    if type(default) ~= "number" then
      error(("g.%s: the default must be a number, got %s"):format(kind, type(default)), 2)
    end
    local k = make(kind, t, default, 2)
    k.min, k.max = t.min or bounds[kind][1], t.max or bounds[kind][2]
    if not (k.min <= default and default <= k.max) then
      error(("g.%s: the default %s is outside of %s..%s"):format(kind, default, k.min, k.max), 2)
    end
    if kind == "int" and math.tointeger(default) == nil then
      error(("g.int: the default must be a whole number, got %s"):format(default), 2)
    end
    return k
  end
end

knob.int, knob.real, knob.log = number "int", number "real", number "log"

function knob.bool(t)
  if type(t) ~= "table" then t = { t } end
  check.fields("g.bool", t, fields, 2)
  local default = t[1]
  if default == nil then default = t.default end
  if type(default) ~= "boolean" then error("g.bool: the default must be true or false, got " .. type(default), 2) end
  local k = make("bool", t, default, 2)
  k.min, k.max = 0, 1
  return k
end

function knob.choice(t)
  if type(t) ~= "table" then error("g.choice: expected { \"first\", \"second\", ... }, got " .. type(t), 2) end
  local known, list = {}, {}
  for i, name in ipairs(t) do
    if type(name) ~= "string" or name == "" or name:find("|", 1, true) then
      error("g.choice: choices are words, got " .. tostring(name), 2)
    end
    known[name], list[i] = true, name
  end
  for key in pairs(t) do
    if math.type(key) ~= "integer" then check.fields("g.choice", { [key] = t[key] }, choice_fields, 2) end
  end
  local default = t.default or list[1]
  if not known[default] then error("g.choice: the default is none of the choices", 2) end
  local k = make("choice", t, default, 2)
  k.choices, k.min, k.max = table.concat(list, "|"), 0, #list - 1
  return k
end

function knob.is(k) return getmetatable(k) == Knob end

-- A model's knobs in the order in which they were written.
function knob.sorted(declared)
  local list = {}
  for name, k in pairs(declared) do list[#list + 1] = { name = name, knob = k } end
  table.sort(list, function(a, b) return a.knob.order < b.knob.order end)
  return list
end

-- Several declarations as one, in the order in which they are given; a later knob of the same name stands for an earlier one.
function knob.join(...)
  local all = {}
  for _, declared in ipairs { ... } do
    for _, row in ipairs(knob.sorted(declared)) do
      count = count + 1
      row.knob.order = count
      all[row.name] = row.knob
    end
  end
  return all
end

-- The values a model sees: strict, read-only.
local Values = {}
function knob.values(values, owner)
  return setmetatable({}, {
    __index = function(_, name)
      local v = values[name]
      if v == nil then
        local close = type(name) == "string" and check.closest(name, values)
        error(("%s has no knob '%s'%s"):format(owner, tostring(name),
          close and ("; did you mean '%s'?"):format(close) or ""), 2)
      end
      return v
    end,
    __newindex = function(_, name)
      error(("knob '%s' cannot be set here: declare it in knobs, or set it from outside"):format(tostring(name)), 2)
    end,
    __pairs = function() return next, values, nil end,
    __metatable = Values,
  })
end

return knob
