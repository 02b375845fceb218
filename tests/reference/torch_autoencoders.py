"""Writes torch_autoencoders.inc: loss, scores and gradients of the autoencoders of lua/gusto/models on one batch, as PyTorch
computes them in double.  Made with PyTorch 1.13 (Debian 12):
    /usr/bin/python3 tests/reference/torch_autoencoders.py > tests/reference/torch_autoencoders.inc
Read by tests/unit/script/test_autoencoders.c, which fills the parameters by the same rule."""
import math

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
ROWS = [[0, 2, 5], [1], [3, 4, 5, 6]]
RATINGS = [[5, 3, 1], [4], [2, 2, 5, 4]]
ITEMS, MEAN = 7, 0.0


class Params(dict):
    """A parameter is made when it is first asked for: element i is .3 sin(1.7 i + phase of the name)."""
    def get(self, name, *shape):
        if name not in self:
            phase = sum(name.encode()) % 17
            i = torch.arange(math.prod(shape), dtype=torch.float64)
            self[name] = (0.3 * torch.sin(1.7 * i + phase)).reshape(shape)
            if name == "logvar/bias":
                self[name].fill_(-80)
            self[name].requires_grad_()
        return self[name]


def dense(values=None):
    x = torch.zeros(len(ROWS), ITEMS)
    for u, row in enumerate(ROWS):
        x[u, row] = torch.tensor(values[u], dtype=torch.float64) if values else torch.ones(len(row))
    return x


def seen(y):
    return torch.cat([y[u, row] for u, row in enumerate(ROWS)])


def multinomial(z):
    return -(z.log_softmax(-1) * dense()).sum(1).mean()


def autorec(p):
    h = torch.sigmoid(dense(RATINGS) @ p.get("input/weight", ITEMS, 3) + p.get("hidden", 3))
    y = h @ p.get("output/weight", ITEMS, 3).T + p.get("bias", ITEMS)
    return F.mse_loss(seen(y), torch.tensor(sum(RATINGS, []), dtype=torch.float64)), y


def multvae(variant):
    def f(p):
        h = torch.tanh(F.normalize(dense(), dim=1) @ p.get("item/weight", ITEMS, 4) + p.get("bias", 4))
        mean = h @ p.get("mean/weight", 2, 4).T + p.get("mean/bias", 2)
        if variant == "dae":
            mean = torch.tanh(mean)
        up = torch.tanh(mean @ p.get("up/weight", 4, 2).T + p.get("up/bias", 4))
        z = up @ p.get("out/weight", ITEMS, 4).T + p.get("out/bias", ITEMS)
        loss = multinomial(z)
        if variant == "vae":
            v = h @ p.get("logvar/weight", 2, 4).T + p.get("logvar/bias", 2)
            loss = loss + 0.2 * (0.5 * (v.exp() + mean ** 2 - 1 - v)).sum(1).mean()
        return loss, z
    return f


def autoencoder(loss="ce", layers=1, tied=False, sparsity=0., contraction=0., keep=0, binary=True, unit=True):
    def act(a):
        h = torch.sigmoid(a)
        if not keep:
            return h
        return h * (h >= h.topk(keep, -1).values[:, -1:])

    def f(p):
        x = dense(None if binary else RATINGS)
        w = p.get("item/weight", ITEMS, 4)
        h = [act((F.normalize(x, dim=1) if unit else x) @ w + p.get("input", 4))]
        if layers == 2:
            h.append(act(h[0] @ p.get("up 2/weight", 2, 4).T + p.get("up 2/bias", 2)))
        top = h[-1]
        if layers == 2 and tied:
            top = act(top @ p.get("up 2/weight", 2, 4) + p.get("down 2", 4))
        elif layers == 2:
            top = act(top @ p.get("down 2/weight", 4, 2).T + p.get("down 2/bias", 4))
        table = w if tied else p.get("out/weight", ITEMS, 4)
        z = top @ table.T + p.get("bias", ITEMS)
        if loss == "ce":
            total = multinomial(z)
        elif loss == "bce":
            total = F.binary_cross_entropy_with_logits(z, dense(), reduction="none").sum(1).mean()
        elif loss == "square":
            total = ((z - dense()) ** 2).sum(1).mean()
        else:
            total = F.mse_loss(seen(z), seen(dense(RATINGS)))
        if sparsity:
            q, rho = h[-1].mean(0), 0.1
            total = total + sparsity * (rho * torch.log(rho / q) + (1 - rho) * torch.log((1 - rho) / (1 - q))).sum()
        if contraction:
            total = total + contraction * torch.stack(
                [((g * (1 - g))[None] * w).square().sum() for g in h[0]]).mean()
        return total, z
    return f


def numbers(t):
    return "{" + ", ".join(f"{x:.15g}" for x in t.detach().reshape(-1).tolist()) + "}"


def case(model, knobs, f):
    p = Params()
    loss, z = f(p)
    loss.backward()
    print(f'{{"{model}", "{knobs}", {loss.item():.15g}, {numbers(z)}, {{')
    for name in sorted(p):
        g = p[name].grad
        print(f'\t{{"{name}", {g.numel()}, {numbers(g)}}},')
    print("}},")


print("/* Made by torch_autoencoders.py: model, knobs, loss, scores, gradients by parameter. */")
case("autorec", "by = 'user', hidden = 3", autorec)
small = "hidden = 4, code = 2, dropout = 0"
case("multvae", small + ", beta = 0.2, anneal = 0", multvae("vae"))
case("multvae", small + ", variant = 'dae'", multvae("dae"))
case("autoencoder", "hidden = 4", autoencoder())
case("autoencoder", "hidden = 4, loss = 'bce', sparsity = 0.5, rho = 0.1", autoencoder("bce", sparsity=0.5))
case("autoencoder", "hidden = 4, loss = 'square', tied = true, contraction = 0.7", autoencoder("square", tied=True, contraction=0.7))
case("autoencoder", "hidden = 4, layers = 2", autoencoder(layers=2))
case("autoencoder", "hidden = 4, layers = 2, tied = true, loss = 'bce'", autoencoder("bce", layers=2, tied=True))
case("autoencoder", "hidden = 4, keep = 2, loss = 'ratings', binary = false, unit = false",
     autoencoder("ratings", keep=2, binary=False, unit=False))
