"""Writes torch_ops.inc: inputs and outputs of a few ops, with the gradients of sum(r * out), as PyTorch computes them in
double.  Made with PyTorch 1.13 (Debian 12):  /usr/bin/python3 tests/reference/torch_ops.py > tests/reference/torch_ops.inc
Read by tests/unit/graph/test_op_reference.c."""
import math

import torch
from torch.nn import functional as F

from torch_case import EXAMPLE, FIXED, N, PARTS, TOKEN, case, each, examples, fixed, ids, tokens


def attention(heads, causal):
    def f(q, k, v):
        out = []
        for a, b in PARTS:
            parts = []
            for h in range(heads):
                d = q.shape[1] // heads
                s = slice(h * d, (h + 1) * d)
                score = q[a:b, s] @ k[a:b, s].T / math.sqrt(d)
                if causal:
                    score = score.masked_fill(torch.ones_like(score).triu(1) > 0, -math.inf)
                parts.append(score.softmax(-1) @ v[a:b, s])
            out.append(torch.cat(parts, 1))
        return torch.cat(out)
    return f


print("/* Made by torch_ops.py; op, attributes, inputs {type, shape, numbers, gradient}, output, r. */")
case("linear", [], [tokens(6), fixed(4, 6), fixed(4)], F.linear)
case("layer_norm", [1e-5], [tokens(6), fixed(6), fixed(6)], lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-5))
case("gelu", [0], [tokens(5, scale=2)], F.gelu)
case("gelu", [1], [tokens(5, scale=2)], lambda x: F.gelu(x, approximate="tanh"))
case("elu", [0.7], [tokens(5, scale=2)], lambda x: F.elu(x, 0.7))
case("leaky_relu", [0.2], [tokens(5)], lambda x: F.leaky_relu(x, 0.2))
case("softplus", [], [tokens(5, scale=3)], F.softplus)
case("softmax", [], [tokens(7)], lambda x: x.softmax(-1))
case("log_softmax", [], [tokens(7)], lambda x: x.log_softmax(-1))
case("embedding", [], [fixed(5, 3), ids(5)], lambda t, i: t[i.long()])
case("attention", [2, 1, 0], [tokens(6), tokens(6), tokens(6)], attention(2, True))
case("attention", [1, 0, 0], [tokens(4), tokens(4), tokens(4)], attention(1, False))
case("bce_logits", [], [tokens(scale=3), (torch.rand(N), TOKEN, ())], F.binary_cross_entropy_with_logits)
case("mse", [], [tokens(3), tokens(3)], F.mse_loss)
case("softmax_ce", [], [tokens(4), fixed(7, 4), ids(7), fixed(7)],
     lambda h, t, i, b: F.cross_entropy(h @ t.T + b, i.long()))
case("bpr", [], [tokens(), tokens(3)], lambda p, n: -F.logsigmoid(p[:, None] - n).mean())
case("bce_pair", [0], [tokens(), tokens(3)], lambda p, n: (-F.logsigmoid(p) - F.logsigmoid(-n).mean(1)).mean())
case("add", [], [tokens(4), fixed(4)], torch.add)
case("sub", [], [examples(4), examples(3, 4)], lambda x, y: x[:, None] - y)
case("mul", [], [tokens(4), tokens()], lambda x, y: x * y[:, None])
case("div", [], [fixed(), tokens(4)], torch.div)
case("clamp", [-0.5, 0.7], [tokens(4)], lambda x: x.clamp(-0.5, 0.7))
case("sum", [], [examples(3, 4)], lambda x: x.sum(-1))
case("mean", [], [tokens(4)], lambda x: x.mean(-1))
case("sum_all", [], [tokens(4)], torch.sum)
case("mean_all", [], [tokens(4)], torch.mean)
case("l2", [], [fixed(3, 4)], lambda x: (x * x).sum())
case("concat", [], [tokens(3), tokens(), tokens(2)], lambda x, y, z: torch.cat((x, y[:, None], z), 1))
case("slice", [1, 3], [examples(2, 5)], lambda x: x[..., 1:3])
case("repeat", [3], [examples(4)], lambda x: x[:, None].expand(-1, 3, -1))
case("last", [], [tokens(3)], each(lambda x: x[-1]))
case("pool", [0], [tokens(3)], each(lambda x: x.mean(0)))
case("pool", [1], [tokens(3)], each(lambda x: x.sum(0)))
case("pool", [2], [tokens(3)], each(lambda x: x.max(0).values))
case("spread", [0], [examples(4)], lambda x: x[[0, 0, 0, 1, 2, 2, 2, 2, 2]])
case("matmul", [], [tokens(5), fixed(5, 3)], torch.matmul)
case("matmul_t", [], [tokens(5), fixed(3, 5)], F.linear)
case("dot", [], [examples(4), examples(3, 4)], lambda a, b: (a[:, None] * b).sum(-1))
case("embedding_bag", [1], [fixed(6, 3), ids(6)], lambda t, i: each(lambda x: x.mean(0))(t[i.long()]))
case("embedding_bag", [0], [fixed(6, 3), ids(6), tokens()], lambda t, i, w: each(lambda x: x.sum(0))(t[i.long()] * w[:, None]))


def packed(kernel, n_states):
    """torch.gru or torch.lstm, sequence by sequence; the input weight is the identity: what comes in is the gates' input part."""
    def f(x, w, b=None, *states):
        none = torch.zeros(x.shape[1])
        params = [torch.eye(x.shape[1]), w, none, none if b is None else b]
        out = []
        for i, (a, c) in enumerate(PARTS):
            start = [s[i].reshape(1, 1, -1) for s in states] or [torch.zeros(1, 1, w.shape[1])] * n_states
            out.append(kernel(x[None, a:c], start if n_states > 1 else start[0], params, True, 1, 0.0, False, False, True)[0][0])
        return torch.cat(out)
    return f


case("gru", [], [tokens(9), fixed(9, 3)], packed(torch.gru, 1))
case("gru", [], [tokens(6), fixed(6, 2), fixed(6), examples(2)], packed(torch.gru, 1))
case("lstm", [], [tokens(8), fixed(8, 2), fixed(8)], packed(torch.lstm, 2))
case("lstm", [], [tokens(8), fixed(8, 2), fixed(8), examples(2), examples(2)], packed(torch.lstm, 2))


def additive(q, k, v, u):
    """NARM's local encoder: weights u . sigmoid(q_i + k_j), j <= i, not normalised."""
    out = []
    for a, b in PARTS:
        w = torch.sigmoid(q[a:b, None] + k[None, a:b]) @ u
        out.append(w.tril() @ v[a:b])
    return torch.cat(out)


case("additive_attention", [1, 0], [tokens(3), tokens(3), tokens(2), fixed(3)], additive)


def sampled(loss, elu=0):
    """Hidasi and Karatzoglou 2018 over the target and shared negatives, of which those that hit the target take no part."""
    def f(h, table, target, negative):
        total = 0
        for i in range(len(h)):
            r0, r = h[i] @ table[target[i].long()], table[negative[negative != target[i]].long()] @ h[i]
            if elu:
                r0, r = F.elu(r0, elu), F.elu(r, elu)
            total = total + loss(r0, r, r.softmax(0))
        return total / len(h)
    return f


def shared_ids(n, k):
    return (torch.randint(n, (k,), dtype=torch.int32), FIXED, (k,))


case("sampled_softmax_ce", [], [tokens(4), fixed(7, 4), ids(7), shared_ids(7, 9)],
     sampled(lambda r0, r, s: torch.cat((r0[None], r)).logsumexp(0) - r0))
case("bpr_max", [1.95, 0.5], [tokens(4), fixed(7, 4), ids(7), shared_ids(7, 9)],
     sampled(lambda r0, r, s: -torch.log((s * (r0 - r).sigmoid()).sum()) + 1.95 * (s * r * r).sum(), 0.5))
case("top1_max", [0], [tokens(4), fixed(7, 4), ids(7), shared_ids(7, 9)],
     sampled(lambda r0, r, s: (s * ((r - r0).sigmoid() + (r * r).sigmoid())).sum()))

def multinomial(h, t, i, b, w=torch.ones(N)):
    p = (h @ t.T + b).log_softmax(-1)
    return -sum((w[k].detach() * p[e, i[k].long()]) for e, (x, y) in enumerate(PARTS) for k in range(x, y)) / len(PARTS)


def jacobian(h, w):
    """The squared norm of the Jacobian of sigmoid(x W + a) at x = 0, where it is h; by automatic differentiation."""
    total = 0
    for row in h:
        unit = lambda x, a=torch.logit(row): torch.sigmoid(x @ w + a)
        total = total + torch.autograd.functional.jacobian(unit, torch.zeros(len(w)), create_graph=True).square().sum()
    return total / len(h)


def top(k):
    def f(x):
        keep = x.topk(k, -1).indices
        return torch.zeros_like(x).scatter(-1, keep, x.gather(-1, keep))
    return f


EXAMPLE_OF = [0, 0, 0, 1, 2, 2, 2, 2, 2]
case("decode", [], [examples(4), fixed(6, 4), ids(6), fixed(6)],
     lambda h, t, i, b: (h[EXAMPLE_OF] * t[i.long()]).sum(-1) + b[i.long()])
case("softmax_ce", [], [examples(4), fixed(7, 4), ids(7), fixed(7)], multinomial)
case("softmax_ce", [], [examples(4), fixed(7, 4), ids(7), fixed(7), (torch.rand(N), TOKEN, ())], multinomial)
case("l2_normalize", [0], [tokens(4)], lambda x: F.normalize(x, dim=-1))
case("l2_normalize", [1], [tokens()], lambda x: torch.cat([F.normalize(x[a:b], dim=0) for a, b in PARTS]))
case("gaussian_kl", [], [examples(5), examples(5)], lambda m, v: torch.distributions.kl_divergence(
    torch.distributions.Normal(m, (v / 2).exp()), torch.distributions.Normal(0., 1.)).sum(1).mean())
case("kl_sparsity", [0.2], [(torch.rand(3, 5), EXAMPLE, (5,))], lambda h: torch.distributions.kl_divergence(
    torch.distributions.Bernoulli(torch.tensor(0.2)), torch.distributions.Bernoulli(h.mean(0))).sum())
case("k_sparse", [2], [tokens(5)], top(2))
case("contractive", [0], [(torch.rand(3, 4), EXAMPLE, (4,)), fixed(6, 4)], jacobian)


def conv1d(dilation, align):
    """The weight's taps stand one after the other: [out, width * in] -> PyTorch's [out, in, width]."""
    def f(x, w, b):
        width = w.shape[1] // x.shape[1]
        span, out = (width - 1) * dilation, []
        before = {"causal": span, "same": span // 2, "valid": 0}[align]
        kernel = w.reshape(w.shape[0], width, x.shape[1]).transpose(1, 2)
        for a, e in PARTS:
            padded = F.pad(x[a:e].T[None], (before, span - before))
            y = F.conv1d(padded, kernel, b, dilation=dilation)[0].T
            if align == "valid":
                y = y * (torch.arange(e - a) + span < e - a)[:, None]
            out.append(y)
        return torch.cat(out)
    return f


def conv_rows(x, w, b):
    return F.conv2d(x[:, None], w.reshape(w.shape[0], 1, -1, x.shape[2]), b)[..., 0].transpose(1, 2)


def k_max(x):
    def f(x):
        k = min(2, len(x))
        top = x.topk(k, 0).indices.sort(0).values
        return F.pad(x.gather(0, top), (0, 0, 0, 2 - k))
    return each(f)(x)


case("conv1d", [1, 0], [tokens(3), fixed(2, 9), fixed(2)], conv1d(1, "causal"))
case("conv1d", [2, 0], [tokens(3), fixed(2, 9), fixed(2)], conv1d(2, "causal"))
case("conv1d", [1, 1], [tokens(2), fixed(3, 8), fixed(3)], conv1d(1, "same"))
case("conv1d", [1, 2], [tokens(3), fixed(2, 9), fixed(2)], conv1d(1, "valid"))
case("conv_rows", [], [examples(4, 3), fixed(2, 6), fixed(2)], conv_rows)
case("mix_rows", [], [examples(4, 3), fixed(2, 4), fixed(2)], lambda x, w, b: torch.einsum("vl,eld->evd", w, x) + b[:, None])
case("max_rows", [], [examples(4, 3)], lambda x: x.max(1).values)
case("k_max", [2], [tokens(3)], k_max)
case("prelu", [], [tokens(5), fixed(5)], F.prelu)
case("selu", [], [tokens(5, scale=2)], F.selu)
case("swish", [1], [tokens(5, scale=2)], F.silu)
# F.hardsigmoid of 1.13 multiplies its gradient with 1 / 6 in single precision.
case("hard_sigmoid", [], [tokens(5, scale=4)], lambda x: (x / 6 + 0.5).clamp(0, 1))
case("hard_tanh", [], [tokens(5, scale=2)], F.hardtanh)
case("hard_swish", [], [tokens(5, scale=4)], F.hardswish)
case("batch_norm", [1e-5, .1], [tokens(6), fixed(6), fixed(6), fixed(6), fixed(6)],
     lambda x, m, v, g, b: F.batch_norm(x, m.detach().clone(), v.detach().abs(), g, b, True) + 0 * (m + v).sum())
