"""Writes conv_models.inc: loss of one batch, and two numbers of each parameter's gradient (its norm; its product with
cos(0.7 i + 1)), of Caser, NextItNet, DeepCoNN and NARRE as PyTorch computes them in double (model_case.py).
Made with PyTorch 1.13 (Debian 12):  /usr/bin/python3 tests/reference/conv_models.py > tests/reference/conv_models.inc
Read by tests/unit/script/test_conv_models.c, which holds the same batches."""
import torch
from torch.nn import functional as F

from model_case import report

USERS, ITEMS = 7, 7


def caser(p):
    dim, vertical, horizontal, length = 4, 2, 3, 3
    user, item = [0, 2, 3], [[-1, -1, 5], [1, 0, 2], [6, 4, 3]]
    target, negative = [[3, -1], [6, 1], [0, 2]], [[4, 0], [5, 5], [1, 6]]
    image = p.rows("item", ITEMS, dim, item)[:, None]
    kernel = p("vertical/weight", vertical, length).reshape(vertical, 1, length, 1)
    found = [F.conv2d(image, kernel, p("vertical/bias", vertical)).reshape(3, -1)]
    for h in range(1, length + 1):
        kernel = p(f"horizontal {h}/weight", horizontal, h * dim).reshape(horizontal, 1, h, dim)
        y = F.conv2d(image, kernel, p(f"horizontal {h}/bias", horizontal))[..., 0].relu()
        found.append(F.max_pool1d(y, y.shape[2])[..., 0])
    z = torch.cat((p.linear("dense", torch.cat(found, 1), dim).relu(), p.rows("user", USERS, dim, user)), 1)

    def rank(ids):
        return (p.rows("output", ITEMS, 2 * dim, ids) * z[:, None]).sum(-1) + p.rows("bias", ITEMS, 1, ids)[..., 0]
    return -F.logsigmoid(rank(target)).mean() - F.logsigmoid(-rank(negative)).mean()


def nextitnet(p):
    dim = 4
    sequences, targets = [[0, 3], [6], [1, 2, 5, 4, 0, 6]], [[3, 5], [2], [2, 5, 4, 0, 6, 1]]

    def conv(name, x, dilation):
        kernel = p(name + "/weight", dim, 3 * dim).reshape(dim, 3, dim).transpose(1, 2)
        return F.conv1d(F.pad(x.T[None], (2 * dilation, 0)), kernel, p(name + "/bias", dim), dilation=dilation)[0].T

    def norm(name, x):
        return F.layer_norm(x, (dim,), p(name + "/gain", dim), p(name + "/bias", dim), 1e-5)
    out = []
    for s in sequences:
        h = p.rows("item", ITEMS, dim, s)
        for k, dilation in enumerate((1, 4), 1):
            near = norm(f"block {k}/near_norm", conv(f"block {k}/near", h, dilation)).relu()
            h = h + norm(f"block {k}/far_norm", conv(f"block {k}/far", near, 2 * dilation)).relu()
        out.append(p.linear("final", h, dim) @ p("item/weight", ITEMS, dim).T)
    return F.cross_entropy(torch.cat(out), torch.tensor(sum(targets, [])))


WORDS = [[0, 1, 2, -1, 4], [3], [], [4, 4, 0, 1], [2, 0]]  # the texts
VOCABULARY = 7
LABEL = torch.tensor([4.0, 1.0, 5.0])
USER, ITEM = [0, 1, 3], [2, 6, 0]
OF_USER, REVIEWED = [[0, 1], [2], []], [[1, 4], [3], []]  # texts, and what they are about
OF_ITEM, REVIEWER = [[3], [4, 0, 1], [2]], [[2], [3, 0, 2], [1]]


def texts(p, name, ids, dim=3, filters=4, width=3):
    """One vector per text: convolution with zeros around the text, maximum over time, relu."""
    vectors, weight, bias = p(name + "/vectors", VOCABULARY, dim), p(name + "/weight", width * filters, dim), p(name + "/bias", filters)
    kernel = weight.reshape(width, filters, dim).permute(1, 2, 0)
    out = []
    for i in ids:
        if not WORDS[i]:
            out.append(torch.zeros(filters))
            continue
        w = torch.tensor(WORDS[i])
        x = vectors[w.clamp(min=0)] * (w >= 0)[:, None]
        out.append(F.conv1d(x.T[None], kernel, bias, padding=1)[0].max(1).values)
    return torch.stack(out).relu() if out else torch.zeros(0, filters)


def deepconn(p):
    def read(side, lists):
        found = torch.stack([texts(p, side + "/text", ids).max(0).values if ids else torch.zeros(4) for ids in lists])
        return p.linear(side + "/out", found, 2).relu()
    z = torch.cat((read("user", OF_USER), read("item", OF_ITEM)), 1)
    v = p("pairs/weight", 3, 4)
    second = ((z @ v.T) ** 2 - z ** 2 @ (v ** 2).T).sum(1) * 0.5
    return F.mse_loss(p.linear("first", z, 1)[:, 0] + second + 4, LABEL)


def narre(p):
    def read(side, own, id, lists, others, n_others):
        out = []
        for ids, other in zip(lists, others):
            pooled = torch.zeros(4)
            if ids:
                o = texts(p, side + "/text", ids)
                u = p.rows(side + "/other", n_others, 2, other)
                a = side + "/attention"
                h = (p.linear(a + "/inner", o, 3) + p.linear(a + "/context", u, 3, bias=False)).relu()
                pooled = (p.linear(a + "/score", h, 1).softmax(0) * o).sum(0)
            out.append(pooled)
        return p.linear(side + "/out", torch.stack(out), 2) + p.rows(side + "/factors", own, 2, id)
    joint = (read("user", USERS, USER, OF_USER, REVIEWED, ITEMS) * read("item", ITEMS, ITEM, OF_ITEM, REVIEWER, USERS)).relu()
    y = p.linear("last", joint, 1, bias=False)[:, 0]
    of_user, of_item = 5 * p.rows("user/bias", USERS, 1, USER)[:, 0], 5 * p.rows("item/bias", ITEMS, 1, ITEM)[:, 0]
    return F.mse_loss(y + of_user + of_item + 4, LABEL) + (of_user ** 2 + of_item ** 2).mean()


print("/* Made by conv_models.py; model, loss, {parameter, numbers, norm of the gradient, product of it}. */")
report("caser", caser)
report("nextitnet", nextitnet)
report("deepconn", deepconn)
report("narre", narre)
