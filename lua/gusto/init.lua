-- The gusto library, as scripts see it: local g = require "gusto".

local core = require "gusto.core"
local experiment = require "gusto.experiment"
local knob = require "gusto.knob"
local model = require "gusto.model"

return {
  int = knob.int, real = knob.real, log = knob.log, bool = knob.bool, choice = knob.choice,
  knobs = knob.join,      -- g.knobs(shared, { dim = g.int { ... } }): shared knobs and a model's own
  model = model.declare,
  experiment = experiment.declare,
  data = experiment.data,
  env = experiment.env,
  ope = core.ope,         -- g.ope { "dr", reward = {...}, propensity = {...}, target = {...}, ... }: off-policy estimates
  dataset = experiment.dataset,
  protocol = experiment.protocol,
  tensor = core.tensor,   -- numbers from (nested) tables: g.tensor { { 1, 2 }, { 3, 4 } }
  ids = core.ids,         -- whole numbers, one per example: g.ids { 3, 1, 2 }
  rows = core.rows,       -- numbers, one row per example: g.rows { { 1, 2 }, { 3, 4 } }
  tokens = core.tokens,   -- numbers, one row per token of one sequence
  optimizer = core.optimizer, -- g.optimizer.adam { beta2 = .98 }
  schedule = core.schedule,   -- g.schedule.cosine { steps = 10000 }
  shape = core.shape,     -- "[tokens, 50]"
  version = core.version,
}
