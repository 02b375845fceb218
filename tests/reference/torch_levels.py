"""Writes torch_levels.inc: the ops over ratings on levels and NADE, as torch_ops.py does for the others.
Made with PyTorch 1.13:  /usr/bin/python3 tests/reference/torch_levels.py > tests/reference/torch_levels.inc"""
import torch
from torch.nn import functional as F

from torch_case import N, PARTS, TOKEN, case, examples, fixed, ids, tokens

K = 3


def ratings():
    return (torch.randint(1, K + 1, (N,)).double(), TOKEN, ())


def vectors(table, i, r, up_to):
    """[tokens, d]: the vector of each (id, level), or the sum of those up to it."""
    t = table.view(table.shape[0], K, -1)
    t = t.cumsum(1) if up_to else t
    return t[i.long(), r.detach().long() - 1]


def bag(up_to):
    return lambda t, i, r, w: torch.stack([(vectors(t, i, r, up_to) * w[:, None])[a:b].sum(0) for a, b in PARTS])


def prefix(t, i, r):
    x = vectors(t, i, r, True)
    return torch.cat([x[a:b].cumsum(0) - x[a:b] for a, b in PARTS])


def logits(up_to):
    def f(h, t, b, i):
        u = t.view(t.shape[0], K, -1)[i.long()]
        h = h if len(h) == N else h[[0, 0, 0, 1, 2, 2, 2, 2, 2]]
        s = (u * h[:, None]).sum(2) + b[i.long()]
        return s.cumsum(1) if up_to else s
    return f


def ordinal(s, r):
    out = []
    for x, k in zip(s, (r.detach().long() - 1).tolist()):
        down = sum(x[:j + 1].logsumexp(0) - x[j] for j in range(k + 1))
        up = sum(x[j:].logsumexp(0) - x[j] for j in range(k, K))
        out.append(0.25 * (x.logsumexp(0) - x[k]) + 0.75 * (down + up))
    return torch.stack(out)


def nade(c, w, v, b, i):
    out = []
    for lo, hi in PARTS:
        a, loss = c, 0
        members = set(i[lo:hi].tolist())
        for d in range(len(b)):
            s = b[d] + v[d] @ torch.sigmoid(a)
            loss = loss + F.softplus(-s if d in members else s)
            a = a + w[d] if d in members else a
        out.append(loss)
    return torch.stack(out)


print("/* Made by torch_levels.py; see torch_ops.inc. */")
case("level_bag", [K, 1, 1, 0], [fixed(4, K * 4), ids(4), ratings(), tokens()], bag(False))
case("level_bag", [K, 1, 1, 1], [fixed(4, K * 4), ids(4), ratings(), tokens()], bag(True))
case("level_prefix", [K, 1, 1, 1, 0], [fixed(4, K * 4), ids(4), ratings()], prefix)
case("level_logits", [K, 1, 1, 0], [examples(4), fixed(4, K * 4), fixed(4, K), ids(4)], logits(False))
case("level_logits", [K, 1, 1, 1], [tokens(4), fixed(4, K * 4), fixed(4, K), ids(4)], logits(True))
case("level_cost", [K, 1, 1, 0.75], [tokens(K, scale=2), ratings()], ordinal)
case("nade", [0], [fixed(4), fixed(6, 4), fixed(6, 4), fixed(6), ids(6)], nade)
