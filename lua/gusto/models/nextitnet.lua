local g, nn = require "gusto", require "gusto.nn"

local NextItNet = g.model {
  name = "NextItNet",
  help = "Dilated causal convolutions over the user's history predict the next item at every position: residual blocks of two "
    .. "convolutions, the second twice as far apart, each with layer norm and relu.",
  source = "F. Yuan et al.: A Simple Convolutional Generative Network for Next Item Recommendation, WSDM 2019",
  batch = "sequence",
  knobs = {
    dim = g.int { 64, min = 2, max = 4096, help = "numbers per item vector, and channels of the convolutions" },
    width = g.int { 3, min = 1, max = 64, help = "items that a convolution sees at once" },
    repeats = g.int { 5, min = 1, max = 16, help = "how often the row of dilations is run through" },
    dilations = g.choice { "1,4", "1,2,4,8", "1,2,4", "1", help = "of the blocks; a block's second convolution has twice of it" },
    length = g.int { 50, min = 1, max = 4096, help = "items of the history that are seen", applies = "model" },
    dropout = g.real { 0, min = 0, max = 0.95, help = "share of item vectors' numbers dropped in training" },
    std = g.real { 0.02, min = 1e-4, max = 1, help = "deviation of the table's start" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function NextItNet:build(k, data)
  local function conv(dilation)
    return nn.conv1d { k.dim, k.dim, k.width, dilation = dilation, align = "causal", init = "xavier_normal" }
  end
  self.item = nn.embedding { rows = data.items, dim = k.dim, std = k.std, lazy = false }
  self.block = {}
  for _ = 1, k.repeats do
    for dilation in k.dilations:gmatch "%d+" do
      local near = math.tointeger(tonumber(dilation))
      self.block[#self.block + 1] = {
        near = conv(near), near_norm = nn.layer_norm { k.dim }, far = conv(2 * near), far_norm = nn.layer_norm { k.dim },
      }
    end
  end
  self.final = nn.linear { k.dim, k.dim }
end

-- [tokens] -> [tokens, dim]: what comes after each item of the history.
function NextItNet:encode(batch)
  local h = self.item(batch.item):dropout(self.k.dropout)
  for _, b in ipairs(self.block) do
    local near = b.near_norm(b.near(h)):relu()
    h = h + b.far_norm(b.far(near)):relu()
  end
  return self.final(h)
end

function NextItNet:loss(batch)
  return nn.softmax_ce(self:encode(batch), self.item.weight, batch.target)
end

function NextItNet:score(batch)
  return self:encode(batch):last():matmul_t(self.item.weight)
end

function NextItNet:candidates(batch)
  return self:encode(batch):last():dot(nn.embedding(self.item.weight, batch.candidate))
end

return NextItNet
