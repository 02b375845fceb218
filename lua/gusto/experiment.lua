-- g.experiment, g.data, g.dataset, g.protocol: tables with checked keys, read by the runner when the script has ended.

local check = require "gusto.check"
local model = require "gusto.model"
local core = require "gusto.core"

local experiment = {}

-- ---- data ----

local data_fields = {
  [1] = "string", name = "string", view = "string", min_rating = "number", without_rating = "number", kcore = "number|table",
  file = "string", format = "string", columns = "string", header = "boolean", separator = "string",
  encoding = "string", map = "string", id_offset_user = "number", id_offset_item = "number",
  user_map = "string", item_map = "string", features = "string",
  fields = "string",
  seed = "number", users = "number", items = "number", interactions = "number", genres = "number", rules = "number", strength = "number",
  lag = "number", drift = "number", shape = "string", ratings = "boolean",
  env = "table",
}

-- A described data set by name ("ml-1m", "ml-1m:ncf"), or a file of one's own { file = "x.csv", format = "csv", ... }.
-- It is read when it is needed: data.items, data.users, data:popularity(), ...
local Data = {
  __name = "data",
  __index = function(self, key)
    local opened = rawget(self, "opened") or core.open_data(self)
    rawset(self, "opened", opened)
    return opened[key]
  end,
  __tostring = function(self) return "data " .. tostring(rawget(self, "name") or rawget(self, "file")) end,
}

function experiment.data(spec)
  if type(spec) == "string" then spec = { spec } end
  check.fields("g.data", spec, data_fields, 2)
  local copy = {}
  for key, value in pairs(spec) do copy[key] = value end
  copy.name = copy.name or copy[1]
  copy[1] = nil
  if copy.env then -- the log of an environment in which slates are drawn at random
    if copy.name or copy.file then error("g.data: env is all there is to say besides interactions and seed", 2) end
    return setmetatable(copy, Data)
  end
  if (copy.name == nil) == (copy.file == nil) then
    error("g.data needs either a name (\"ml-1m\") or a file and its format ({ file = \"x.csv\", format = \"csv\" })", 2)
  end
  if copy.name and copy.name:find ":" then
    local name, view = copy.name:match "^([^:]+):([^:]+)$"
    if not name then error(("g.data: expected \"name\" or \"name:view\", got \"%s\""):format(copy.name), 2) end
    copy.name, copy.view = name, copy.view or view
  end
  if copy.file and not copy.format then error("g.data: a file needs its format (csv, tsv, movielens, recbole, ...)", 2) end
  return setmetatable(copy, Data)
end

local dataset_fields = {
  name = "string", help = "string", source = "string", licence = "string", default = "string", views = "table",
  planted = "boolean", synthetic = "boolean", cite = "string",
}
local file_fields = {
  [1] = "string|table", format = "string", columns = "string", header = "boolean", separator = "string",
  encoding = "string", table = "string", map = "string", sha256 = "string|table",
  id_offset_user = "number", id_offset_item = "number", user_map = "string", item_map = "string", features = "string", any = "table",
  part = "string",
}
local view_fields = { help = "string", source = "string", min_rating = "number", without_rating = "number", kcore = "number|table" }

local function check_files(what, view, level)
  for key, entry in pairs(view) do
    if math.type(key) == "integer" then
      check.fields(what .. ", file " .. key, entry, file_fields, level + 1)
      for i, alternative in ipairs(entry.any or {}) do
        check.fields(("%s, file %d, alternative %d"):format(what, key, i), alternative, file_fields, level + 1)
      end
    else
      check.fields(what, { [key] = entry }, view_fields, level + 1)
    end
  end
end

-- datasets/<name>.lua returns g.dataset { ... }.
function experiment.dataset(spec)
  check.fields("g.dataset", spec, dataset_fields, 2)
  for _, key in ipairs { "name", "help", "source", "licence" } do
    check.need("g.dataset", spec, key, "a sentence for people", 2)
  end
  if spec.planted or spec.synthetic then return spec end
  check.need("g.dataset " .. spec.name, spec, "views", "{ view = { files } }", 2)
  for name, view in pairs(spec.views) do
    check_files(("g.dataset %s, view %s"):format(spec.name, tostring(name)), view, 2)
  end
  if not spec.views[check.need("g.dataset " .. spec.name, spec, "default", "the view that is meant by the name alone", 2)] then
    error(("g.dataset %s: the default view '%s' is not described"):format(spec.name, spec.default), 2)
  end
  return spec
end

-- ---- protocol ----

-- An environment by name and its arguments: g.env { "interest_evolution", users = 64, slate = 3 }.
local Env = { __name = "env" }

function experiment.env(spec)
  if type(spec) == "string" then spec = { spec } end
  if type(spec) ~= "table" then error("g.env: expected a table { \"name\", ... }, got " .. type(spec), 2) end
  local name = spec[1] or spec.name
  local known = type(name) == "string" and core.envs[name]
  if not known then
    local close = type(name) == "string" and check.closest(name, core.envs)
    local names = {}
    for key in pairs(core.envs) do names[#names + 1] = key end
    table.sort(names)
    error(("g.env: there is no environment '%s'; %s"):format(tostring(name),
      close and ("did you mean '%s'?"):format(close) or "there are " .. table.concat(names, ", ")), 2)
  end
  local env_fields = { [1] = "string", name = "string", users = "number", history = "number", data = "table|string" }
  for _, key in ipairs(known.args) do env_fields[key] = "any" end
  check.fields("g.env " .. name, spec, env_fields, 2)
  local copy = {}
  for key, value in pairs(spec) do copy[key] = value end
  copy.name, copy[1] = name, nil
  if type(copy.data) == "string" then copy.data = experiment.data(copy.data) end
  return setmetatable(copy, Env)
end

local protocol_fields = {
  split = "string", valid = "number", test = "number", per_user = "boolean", valid_users = "number", positive = "number",
  candidates = "string", n_candidates = "number", ties = "string", mask_seen = "boolean", hide_validation = "boolean", metrics = "table",
  seed = "number|string", max_users = "number", -- seed = "run": that of the run, so that --seed draws another split too
  users = "number", episodes = "number", -- of an evaluation in an environment
}

function experiment.protocol(spec)
  return check.fields("g.protocol", spec, protocol_fields, 2)
end

-- ---- experiment ----

local fields = {
  name = "string", help = "string", source = "string", data = "table|string", protocol = "table", model = "table",
  knobs = "table", train = "table", seed = "number", env = "table",
}
local Experiment = { __name = "experiment" }

-- Data for models that learn from data, an environment for those that act.
local function check_world(spec, level)
  local name = spec.model.name
  if model.acts(spec.model) then
    if getmetatable(spec.env) ~= Env then
      error(("g.experiment needs env: model %s acts (env = g.env { \"interest_evolution\" })"):format(name), level)
    end
    if spec.data then error("g.experiment: an environment takes the place of data; give env alone", level) end
    return
  end
  if spec.env then
    error(("g.experiment: model %s cannot act in an environment: it needs batch = \"transitions\" and act(batch)"):format(name), level)
  end
  if getmetatable(spec.data) ~= Data then error("g.experiment: data must be made by g.data", level) end
end

function experiment.declare(spec)
  check.fields("g.experiment", spec, fields, 2)
  if not spec.env then check.need("g.experiment", spec, "data", "g.data \"ml-1m\"", 2) end
  check.need("g.experiment", spec, "model", "a model: require \"gusto.models.sasrec\", or g.model { ... }", 2)
  if type(spec.data) == "string" then spec.data = experiment.data(spec.data) end
  if not model.is(spec.model) then error("g.experiment: model must be made by g.model", 2) end
  model.check(spec.model, 2)
  check_world(spec, 3)
  spec.protocol = spec.protocol or {}
  check.fields("g.experiment: protocol", spec.protocol, protocol_fields, 2)
  return setmetatable(spec, Experiment)
end

function experiment.is(x) return getmetatable(x) == Experiment end

return experiment
