"""What the scripts of reference numbers share: inputs, and a row of the table in test_op_reference.c per case."""
import torch
from torch.nn import functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


def rows(*tensors):
    return ", ".join("{" + ", ".join(f"{x:.15g}" for x in t.reshape(-1).tolist()) + "}" for t in tensors)


def case(op, attr, inputs, f):
    """inputs: (tensor, axis, dims); ids are integer tensors.  Prints one row of the table in test_op_reference.c."""
    tensors = [t.clone().requires_grad_(t.is_floating_point()) for t, _, _ in inputs]
    out = f(*tensors)
    r = torch.rand_like(out) * 2 - 1
    (out * r).sum().backward()
    print(f'{{"{op}", {{{", ".join(map(str, attr)) or 0}}}, {len(inputs)}, {{')
    for t, (_, axis, dims) in zip(tensors, inputs):
        kind = "FIELD_REAL" if t.is_floating_point() else "FIELD_INT"
        grad = rows(torch.zeros_like(t) if t.grad is None else t.grad) if t.is_floating_point() else "{0}"
        print(f"\t{{{kind}, {{{axis}, {len(dims)}, {{{', '.join(map(str, dims)) or 0}}}}}, {rows(t.detach())}, {grad}}},")
    print(f"}}, {rows(out.detach())}, {rows(r)}}},")


TOKEN, EXAMPLE, FIXED = "AXIS_TOKEN", "AXIS_EXAMPLE", "AXIS_FIXED"
PARTS = ((0, 3), (3, 4), (4, 9))
N = 9  # tokens of three examples: 3, 1, 5


def tokens(*dims, scale=1):
    return (torch.randn(N, *dims) * scale, TOKEN, dims)


def examples(*dims):
    return (torch.randn(3, *dims), EXAMPLE, dims)


def each(f):
    """f over the tokens of each example."""
    return lambda x: torch.stack([f(x[a:b]) for a, b in PARTS])


def fixed(*dims):
    return (torch.randn(dims), FIXED, dims)


def ids(n, *dims):
    return (torch.randint(n, (N, *dims), dtype=torch.int32), TOKEN, dims)
