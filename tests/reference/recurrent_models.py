"""Writes recurrent_models.inc: loss and gradients of one batch (model_case.py) of GRU4Rec, its LSTM twin, NARM and the
next-basket GRU as PyTorch computes them in double, its recurrent layers being torch.gru and torch.lstm.
Made with PyTorch 1.13 (Debian 12):  /usr/bin/python3 tests/reference/recurrent_models.py > tests/reference/recurrent_models.inc
Read by tests/unit/script/test_models_recurrent.c, which holds the same batches."""
import torch
from torch.nn import functional as F

from model_case import report

ITEMS = 7
SEQUENCES = [[0, 3], [6], [1, 2, 5, 4, 0, 6]]
TARGETS = torch.tensor([3, 5, 2, 2, 5, 4, 0, 6, 1])
NEGATIVES = torch.tensor([4, 0, 5, 5])


def recurrent(p, kernel, name, x, hidden, bias=True):
    """x [tokens, in] of one sequence -> states [tokens, hidden]."""
    gates = {torch.gru: 3, torch.lstm: 4}[kernel] * hidden
    w = [p(name + "/input/weight", gates, x.shape[1]), p(name + "/weight", gates, hidden)]
    b = [p(name + "/input/bias", gates), p(name + "/bias", gates)] if bias else []
    zero = torch.zeros(1, 1, hidden)
    return kernel(x[None], zero if kernel is torch.gru else [zero, zero], w + b, bias, 1, 0.0, False, False, True)[0][0]


def gru4rec(p):
    h = torch.cat([recurrent(p, torch.gru, "rnn 1", p.rows("item", ITEMS, 4, s), 3) for s in SEQUENCES])
    return F.cross_entropy(F.linear(p.linear("out", h, 4), p("item/weight", ITEMS, 4), p("bias", ITEMS)), TARGETS)


def gru4rec_lstm(p):
    """Two layers, a table of its own for the targets, BPR-max with elu."""
    def states(s):
        return recurrent(p, torch.lstm, "rnn 2", recurrent(p, torch.lstm, "rnn 1", p.rows("item", ITEMS, 4, s), 3), 3)
    h, table, loss = torch.cat([states(s) for s in SEQUENCES]), p("target/weight", ITEMS, 3), 0
    for row, target in zip(h, TARGETS):
        r0, r = F.elu(row @ table[target], 0.5), F.elu(table[NEGATIVES[NEGATIVES != target]] @ row, 0.5)
        s = r.softmax(0)
        loss = loss - torch.log((s * (r0 - r).sigmoid()).sum()) + 0.7 * (s * r * r).sum()
    return loss / len(TARGETS)


def narm(p):
    """Every prefix for itself: its last state, and all its states attended to by the last."""
    out = []
    for s in SEQUENCES:
        h = recurrent(p, torch.gru, "encoder", p.rows("item", ITEMS, 4, s), 3, bias=False)
        for t in range(len(s)):
            score = (p.linear("query", h[t], 3, bias=False) + p.linear("key", h[:t + 1], 3, bias=False)).sigmoid() @ p("weight", 3)
            out.append(p.linear("decoder", torch.cat((h[t], score @ h[:t + 1])), 4, bias=False))
    return F.cross_entropy(torch.stack(out) @ p("item/weight", ITEMS, 4).T, TARGETS)


def basketgru(p):
    users, loss, n = [[[0, 3], [6], [6, 1, 2]], [[5, 4], [0]]], 0, 0
    for baskets in users:
        x = torch.stack([p.rows("item", ITEMS, 4, b).mean(0) for b in baskets])
        h = recurrent(p, torch.gru, "rnn", x, 3)
        z = F.linear(h, p("target/weight", ITEMS, 3), p("bias", ITEMS)).log_softmax(1)
        for t in range(len(baskets) - 1):
            loss, n = loss - z[t, baskets[t + 1]].mean(), n + 1
    return loss / n


print("/* Made by recurrent_models.py; model, loss, {parameter, numbers, norm of the gradient, product of it}. */")
report("gru4rec", gru4rec)
report("gru4rec lstm", gru4rec_lstm)
report("narm", narm)
report("basketgru", basketgru)
