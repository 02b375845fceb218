"""Writes attention_models.inc: loss and gradients of one batch (model_case.py) of SASRec, gSASRec and BERT4Rec as PyTorch
computes them in double, attention being its scaled softmax written out per head.
Made with PyTorch 1.13 (Debian 12):  /usr/bin/python3 tests/reference/attention_models.py > tests/reference/attention_models.inc
Read by tests/unit/script/test_models_attention.c, which holds the same batches."""
import torch
from torch.nn import functional as F

from model_case import report

ITEMS, DIM, HEADS, LENGTH, EPS = 7, 4, 2, 8, 1e-8
SEQUENCES = [[0, 3], [6], [1, 2, 5, 4, 0, 6]]
TARGETS = torch.tensor([3, 5, 2, 2, 5, 4, 0, 6, 1])
NEGATIVES = torch.tensor([[4, 0, 5], [4, 1, 6], [0, 1, 3], [6, 1, 0], [1, 3, 1], [2, 0, 6], [3, 1, 2], [5, 4, 3], [0, 6, 2]])


def norm(p, name, x, eps):
    return F.layer_norm(x, (DIM,), p(name + "/gain", DIM), p(name + "/bias", DIM), eps)


def attention(p, name, query, key, causal):
    """Of one sequence, [tokens, DIM]."""
    q, k, v = (p.linear(f"{name}/{part}", x, DIM) for part, x in (("query", query), ("key", key), ("value", key)))
    score = torch.stack([a @ b.T for a, b in zip(q.chunk(HEADS, 1), k.chunk(HEADS, 1))]) / (DIM / HEADS) ** 0.5
    if causal:
        score = score.masked_fill(torch.ones(len(q), len(q)).triu(1).bool(), float("-inf"))
    return torch.cat([a @ b for a, b in zip(score.softmax(-1), v.chunk(HEADS, 1))], 1)


def sasrec_states(p):
    out = []
    for s in SEQUENCES:
        at = range(LENGTH - len(s), LENGTH)
        x = p.rows("item", ITEMS, DIM, s) * DIM ** 0.5 + p.rows("position", LENGTH, DIM, at)
        for b in (1, 2):
            q = norm(p, f"block {b}/norm 1", x, EPS)
            z = norm(p, f"block {b}/norm 2", q + attention(p, f"block {b}/attention", q, x, True), EPS)
            x = z + p.linear(f"block {b}/ffn/outer", p.linear(f"block {b}/ffn/inner", z, DIM).relu(), DIM)
        out.append(norm(p, "norm", x, EPS))
    return torch.cat(out)


def sasrec(p):
    h, table = sasrec_states(p), p("item/weight", ITEMS, DIM)
    up, down = (h * table[TARGETS]).sum(1), (h[:, None] * table[NEGATIVES]).sum(-1)
    return -F.logsigmoid(up).mean() - F.logsigmoid(-down).mean()


def gsasrec(p):
    """Its probability of the target is raised to the power beta; targets have a table of their own, scores begin at -1.5."""
    h, table = sasrec_states(p), p("target/weight", ITEMS, DIM)
    up, down = (h * table[TARGETS]).sum(1) - 1.5, (h[:, None] * table[NEGATIVES]).sum(-1) - 1.5
    alpha = 3 / (ITEMS - 1)
    beta = alpha * (0.75 * (1 - 1 / alpha) + 1 / alpha)
    return -(torch.log(up.sigmoid() ** beta) + torch.log(1 - down.sigmoid()).sum(1)).mean() / 4


def post(p, x, causal):
    """Two blocks with the norms behind, as Vaswani et al. have them; x is of one sequence."""
    for b in (1, 2):
        a = p.linear(f"block {b}/attention/out", attention(p, f"block {b}/attention", x, x, causal), DIM)
        y = norm(p, f"block {b}/norm 1", x + a, EPS)
        inner = F.gelu(p.linear(f"block {b}/ffn/inner", y, 4 * DIM))
        x = norm(p, f"block {b}/norm 2", y + p.linear(f"block {b}/ffn/outer", inner, DIM), EPS)
    return x


def sasrec_post(p):
    """Cross-entropy over all items, of blocks as S3-Rec has them."""
    out = []
    for s in SEQUENCES:
        x = p.rows("item", ITEMS, DIM, s) + p.rows("position", LENGTH, DIM, range(LENGTH - len(s), LENGTH))
        out.append(post(p, norm(p, "norm", x, EPS), True))
    return F.cross_entropy(torch.cat(out) @ p("item/weight", ITEMS, DIM).T, TARGETS)


def bert4rec(p):
    """Item 3 of the first sequence, the only one of the second, and items 5 and 6 of the third are hidden."""
    hidden, out, target = [[1], [0], [2, 5]], [], []
    for s, h in zip(SEQUENCES, hidden):
        seen = [-1 if t in h else i for t, i in enumerate(s)]
        x = p.rows("item", ITEMS, DIM, seen) + p.rows("hidden", 1, DIM, [0 if t in h else -1 for t in range(len(s))])
        x = post(p, norm(p, "norm", x + p.rows("position", LENGTH, DIM, range(len(s))), EPS), False)
        out.append(x[h])
        target += [s[t] for t in h]
    return F.cross_entropy(torch.cat(out) @ p("item/weight", ITEMS, DIM).T, torch.tensor(target))


print("/* Made by attention_models.py; model, loss, {parameter, numbers, norm of the gradient, product of it}. */")
report("sasrec", sasrec)
report("gsasrec", gsasrec)
report("sasrec post", sasrec_post)
report("bert4rec", bert4rec)
