local g, nn = require "gusto", require "gusto.nn"

local DDPG = g.model {
  name = "DDPG",
  help = "An actor gives an action of numbers, a critic says what it is worth; the actor climbs the critic. Both have copies that follow "
    .. "slowly, for the critic's target. Where an environment has items with vectors (features), the action is a proto-action: "
    .. "its nearest items are judged by the critic and the best is shown (Wolpertinger).",
  source = "T. Lillicrap et al., ICLR 2016; G. Dulac-Arnold et al., arXiv:1512.07679",
  batch = "transitions",
  targets = { actor_target = "actor", critic_target = "critic" },
  players = {
    { "critic", params = { "critic" }, times = "critic_steps" },
    { "actor", params = { "actor" }, times = "actor_steps" },
  },
  knobs = {
    hidden = g.int { 128, min = 1, max = 4096, help = "units of the hidden layers" },
    critic_steps = g.int { 1, min = 0, max = 1000, applies = "step", help = "steps of the critic in a round" },
    actor_steps = g.int { 1, min = 0, max = 1000, applies = "step", help = "steps of the actor in a round" },
    tau = g.real { 0.001, min = 0, max = 1, applies = "step", help = "share by which the copies follow" },
    target_every = g.int { 1, min = 1, max = 1e6, applies = "step", help = "steps between two times they follow" },
    nearest = g.int { 10, min = 1, max = 4096, help = "Wolpertinger: items near the proto-action that are judged" },
    lr = g.log { 1e-3, min = 1e-6, max = 1, help = "learning rate" },
    lr_actor = g.log { 1e-4, min = 1e-6, max = 1, applies = "step", help = "learning rate of the actor" },
    lr_critic = g.log { 1e-3, min = 1e-6, max = 1, applies = "step", help = "learning rate of the critic" },
  },
}

function DDPG:build(k, env)
  local width = env.vector > 0 and env.vector or env.features
  if width == 0 then
    error(("%s has neither a vector action nor items with features: a proto-action has nothing to be near to"):format(env.name), 0)
  end
  self.env = { candidates = env.vector > 0 and 0 or env.candidates, width = width }
  for _, name in ipairs { "actor", "actor_target" } do
    self[name] = nn.mlp { sizes = ("%d,%d,%d,%d"):format(env.observation, k.hidden, k.hidden, width), act = "relu", last = false }
  end
  for _, name in ipairs { "critic", "critic_target" } do
    self[name] = nn.mlp { sizes = ("%d,%d,%d,1"):format(env.observation + width, k.hidden, k.hidden), act = "relu", last = false }
  end
end

function DDPG:action(actor, observation) return actor(observation):tanh() end

-- [E]
function DDPG:q(critic, observation, action) return critic(nn.concat(observation, action)):sum() end

-- [E, C]: the critic's word on the candidates near the proto-action, a very low one on the others.
function DDPG:judge(actor, critic, observation, feature)
  local C, W = self.env.candidates, self.env.width
  local item = feature:reshape(C, W)
  local proto = self:action(actor, observation)
  local near = -((item - proto:repeat_(C)):square():sum())
  local far = near:keep_top(self.k.nearest, -1e9):clamp(-1e9, -1e8) + 1e8 -- 0 near, -9e8 far
  return critic(nn.concat(observation:repeat_(C), item)):reshape(C) + far:clamp(-1e9, 0)
end

function DDPG:act(batch)
  if self.env.candidates == 0 then return self:action(self.actor, batch.observation) end
  return self:judge(self.actor, self.critic, batch.observation, batch.feature)
end

-- What was done, as a vector.
function DDPG:done(batch)
  if self.env.candidates == 0 then return batch.action end
  return batch.feature:reshape(self.env.candidates, self.env.width):pick(batch.action)
end

function DDPG:loss_critic(batch)
  local after
  if self.env.candidates == 0 then
    after = self:q(self.critic_target, batch.next_observation, self:action(self.actor_target, batch.next_observation))
  else
    local judged = self:judge(self.actor_target, self.critic_target, batch.next_observation, batch.next_feature)
    after = judged:at_max(judged)
  end
  local q = self:q(self.critic, batch.observation, self:done(batch))
  return nn.mse(q, (batch.reward + batch.discount * after):stop()), { q = q:mean_all() }
end

function DDPG:loss_actor(batch)
  return -self:q(self.critic, batch.observation, self:action(self.actor, batch.observation)):mean_all()
end

return DDPG
