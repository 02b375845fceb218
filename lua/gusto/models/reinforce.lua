local g, nn = require "gusto", require "gusto.nn"

local Reinforce = g.model {
  name = "REINFORCE",
  help = "Policy gradient: what led to a high return becomes more likely. Corrections for the policy that acted when the transition was "
    .. "seen (pi / beta, capped) and for slates of which one item is chosen (top-K). A baseline learns the expected return.",
  source = "R. J. Williams 1992; M. Chen et al.: Top-K Off-Policy Correction for a REINFORCE Recommender System, WSDM 2019",
  batch = "returns",
  policy = "sample",
  knobs = {
    dim = g.int { 32, min = 1, max = 1024, help = "numbers per item vector" },
    hidden = g.int { 64, min = 0, max = 4096, help = "units of the hidden layer; 0: logits of the items alone" },
    correction = g.bool { true, help = "weight by pi / beta" },
    cap = g.real { 20.085536923187668, min = 0, max = 1e6, help = "bound on that weight (e^3); 0: none" },
    top_k = g.int { 1, min = 1, max = 1000, help = "items shown at once: lambda_K = K (1 - pi)^(K - 1)" },
    baseline = g.real { 0.5, min = 0, max = 100, help = "weight of the baseline's squared error; 0: no baseline" },
    entropy = g.real { 0, min = 0, max = 10, help = "bonus for an even policy" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
  },
}

function Reinforce:build(k, env)
  self.env = { candidates = env.candidates, features = env.features, slate = env.slate }
  if k.hidden == 0 then
    self.logit = nn.embedding { env.items, 1, std = 1e-9 }
    return
  end
  local inputs = env.observation + k.dim + env.features
  self.item = nn.embedding { env.items, k.dim, std = 0.1 }
  self.net = nn.mlp { sizes = ("%d,%d,%d,1"):format(inputs, k.hidden, k.hidden), act = "relu", last = false }
  if k.baseline > 0 then self.value = nn.mlp { sizes = ("%d,%d,1"):format(env.observation, k.hidden), act = "relu", last = false } end
end

-- [E, C]: of the policy that is learned.
function Reinforce:logits(batch)
  local C, F = self.env.candidates, self.env.features
  if self.logit then return self.logit(batch.candidate):reshape(C) end
  local x = nn.concat(batch.observation:repeat_(C), self.item(batch.candidate))
  if F > 0 then x = nn.concat(x, batch.feature:reshape(C, F)) end
  return self.net(x):reshape(C)
end

function Reinforce:act(batch) return self:logits(batch) end

function Reinforce:loss(batch)
  local k = self.k
  local all = self:logits(batch):log_softmax()
  -- of a slate, only what the person chose is known to have led to anything
  local done = self.env.slate > 1 and batch.chosen or batch.action
  local log_pi = all:pick(done)
  local pi = log_pi:stop():exp()
  local weight = batch.value
  local out = {}
  if self.value then
    local expected = self.value(batch.observation):sum()
    out.baseline = (expected - batch.value):square():mean_all()
    weight = weight - expected:stop()
  end
  if k.correction then
    local ratio = pi / batch.propensity
    if k.cap > 0 then ratio = ratio:clamp(0, k.cap) end
    weight = weight * ratio
  end
  if k.top_k > 1 then
    weight = weight * (((1 - pi):clamp(1e-6, 1):log() * (k.top_k - 1)):exp() * k.top_k)
  end
  local loss = -(weight * done:same(done) * log_pi):mean_all()
  if out.baseline then loss = loss + out.baseline * k.baseline end
  if k.entropy > 0 then
    out.entropy = -(all:exp() * all):sum():mean_all()
    loss = loss - out.entropy * k.entropy
  end
  return loss, out
end

return Reinforce
