-- Checks of the tables that scripts write: unknown keys are named with the closest known one, wrong types with what was expected.
-- Errors point at the line of the caller (`level` frames up).

local check = {}

-- Edit distance, for "did you mean".
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and diagonal or 1 + math.min(diagonal, row[j], row[j - 1])
      diagonal, row[j] = row[j], cost
    end
  end
  return row[#b]
end

-- The name in `known` (a set) closest to `given`, or nil.
function check.closest(given, known)
  local best, least
  for name in pairs(known) do
    local d = type(name) == "string" and distance(given, name)
    if d and (not least or d < least or d == least and name < best) then best, least = name, d end
  end
  return least and least <= math.max(2, #given // 3) and least < #given and best or nil
end

local function listed(known)
  local names = {}
  for name in pairs(known) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return table.concat(names, ", ")
end

-- `fields` maps each allowed key to its type ("string", "number", "table", "string|table", "any").
function check.fields(what, t, fields, level)
  level = (level or 1) + 1
  if type(t) ~= "table" then
    error(("%s: expected a table { ... }, got %s"):format(what, type(t)), level)
  end
  for key, value in pairs(t) do
    local expected = fields[key]
    if not expected then
      local close = type(key) == "string" and check.closest(key, fields)
      error(("%s: there is no '%s'; %s"):format(what, tostring(key),
        close and ("did you mean '%s'?"):format(close) or "there are " .. listed(fields)), level)
    end
    if expected ~= "any" and not ("|" .. expected .. "|"):find("|" .. type(value) .. "|", 1, true) then
      error(("%s: %s must be a %s, got %s"):format(what, key, expected:gsub("|", " or "), type(value)), level)
    end
  end
  return t
end

function check.need(what, t, key, meaning, level)
  if t[key] == nil then error(("%s needs %s: %s"):format(what, key, meaning), (level or 1) + 1) end
  return t[key]
end

return check
