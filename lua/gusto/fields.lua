-- What models of click-through share: the vectors and weights of an example's fields (data/fields.h).
--   local fields = require "gusto.fields"
--   self.v = fields.vectors(data, { dim = 10, std = .01 })     then  fields.stack(self.v, batch)    [E, F, dim]
--   self.w = fields.vectors(data, { dim = 1, std = 0 })        then  fields.sum(self.w, batch)      [E]
-- Categories and lists share one table; a list is the mean of its words' vectors; a number scales a vector of its own.

local knob, nn = require "gusto.knob", require "gusto.nn"

local fields = {}

-- ---- what a model with a tower declares and does ----

function fields.knobs()
  return {
    dim = knob.int { 10, min = 1, max = 1024, help = "numbers per feature vector" },
    hidden = knob.int { 400, min = 1, max = 8192, help = "numbers per layer of the tower" },
    layers = knob.int { 3, min = 1, max = 12, help = "layers of the tower" },
    act = knob.choice { "relu", "sigmoid", "tanh", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "hard_sigmoid",
      "hard_tanh", "hard_swish", "prelu", "dice", help = "activation of the tower" },
    dropout = knob.real { 0.2, min = 0, max = 0.95, help = "share of the tower's activations dropped in training" },
    batch_norm = knob.bool { false, help = "batch normalisation before each activation" },
    std = knob.real { 0.01, min = 1e-5, max = 1, help = "deviation of the vectors' start" },
    reg = knob.real { 0, min = 0, max = 10,
      help = "L2 penalty on the vectors and weights that a step touched: reg / 2 of their squares" },
    reg_table = knob.real { 0, min = 0, max = 10,
      help = "L2 penalty on all vectors and weights, touched or not: reg_table / 2 of their squares" },
    redraw = knob.bool { true, applies = "batch", help = "negatives are drawn anew in every epoch" },
    lr = knob.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  }
end

-- click and loss of a model whose logit(batch) returns the logit and the vectors and weights behind it.
function fields.click(model, batch)
  return (model:logit(batch))
end

function fields.loss(model, batch)
  local logit, v, w = model:logit(batch)
  return fields.regularized(model.k, model, nn.bce_logits(logit, batch.label), v, w)
end

-- ---- vectors ----

-- The fields that have vectors: all but the crosses.
function fields.count(data)
  local n = 0
  for _, f in ipairs(data.fields) do if f.kind ~= "cross" then n = n + 1 end end
  return n
end

local function of_kind(data, kind)
  local n = 0
  for _, f in ipairs(data.fields) do if f.kind == kind then n = n + 1 end end
  return n
end

function fields.vectors(data, o)
  local init = o.std == 0 and "zeros" or "normal"
  local t = { dim = o.dim, categories = of_kind(data, "category"), lists = of_kind(data, "list"), number = {} }
  if data.fields.features > 0 then
    t.word = nn.embedding { data.fields.features, o.dim, init = init, std = o.std }
  end
  for j = 1, of_kind(data, "number") do
    t.number[j] = nn.linear { 1, o.dim, bias = false, init = init, std = o.std }
  end
  return t
end

-- One vector per field side by side, [E, F * dim].
function fields.concat(t, batch)
  local parts = {}
  if t.categories > 0 then parts[1] = t.word(batch.field):reshape(-1) end
  local bags = { t.lists > 0 and batch.list, t.lists > 1 and batch.list2 }
  for j = 1, t.lists do parts[#parts + 1] = nn.embedding_bag(t.word.weight, bags[j], { over = "mean" }) end
  local numbers = #t.number > 0 and batch.number:reshape(#t.number)
  for j, layer in ipairs(t.number) do parts[#parts + 1] = layer(numbers:slice(j - 1, j)) end
  local all = parts[1]
  for i = 2, #parts do all = nn.concat(all, parts[i]) end
  return all
end

function fields.stack(t, batch)
  return fields.concat(t, batch):reshape(t.categories + t.lists + #t.number, t.dim)
end

-- The sum over all fields of vectors of one number: the linear part.
function fields.sum(t, batch)
  return fields.concat(t, batch):sum()
end

-- The squares of all vectors of categories and lists, touched by the step or not.
function fields.squares(t)
  return t.word and nn.l2(t.word.weight) or 0 -- a model of numbers alone
end

-- The loss with the L2 penalties that the knobs reg and reg_table ask for; v and w are vectors and weights behind a batch, [E, ..].
function fields.regularized(k, model, loss, v, w)
  if k.reg > 0 then loss = loss + (v:reshape(-1):square():sum() + w:square():sum()):mean_all() * (k.reg / 2) end
  if k.reg_table > 0 then
    loss = loss + (fields.squares(model.vector) + fields.squares(model.weight)) * (k.reg_table / 2)
  end
  return loss
end

-- The vector of the item, [E, dim]: where it stands among the categories is known from the data.
function fields.place(data, name)
  local place = 0
  for _, f in ipairs(data.fields) do
    if f.name == name and f.kind == "category" then return place end
    if f.kind == "category" then place = place + 1 end
  end
  error(("the fields of data set '%s' have no category '%s'; add it to g.data { fields = ... }"):format(data.name, name), 0)
end

-- A tower over `width` inputs: sizes of its layers, { act =, batch_norm =, dropout = }.  Each layer is linear, batch normalisation
-- where asked for, activation (dice and prelu have parameters of their own), dropout.
function fields.tower(width, sizes, o)
  local t = { act = o.act, dropout = o.dropout or 0, bare = not o.batch_norm and o.act ~= "dice" and o.act ~= "prelu" }
  for l, size in ipairs(sizes) do
    t[l] = { linear = nn.linear { l == 1 and width or sizes[l - 1], size, act = t.bare and o.act or "none" } }
    if o.batch_norm then t[l].norm = nn.batch_norm { size } end
    if o.act == "dice" or o.act == "prelu" then t[l].bend = nn[o.act] { size } end
  end
  return t
end

function fields.climb(t, x)
  for _, layer in ipairs(t) do
    x = layer.linear(x)
    if layer.norm then x = layer.norm(x) end
    if layer.bend then x = layer.bend(x) elseif not t.bare then x = nn[t.act](x) end
    if t.dropout > 0 then x = x:dropout(t.dropout) end
  end
  return x
end

-- n layers of the same size.
function fields.sizes(n, size)
  local sizes = {}
  for l = 1, n do sizes[l] = size end
  return sizes
end

return fields
