"""What references of whole models share: parameters made from their names, and the report of a loss with its gradients.

Parameters are 0.3 sin(0.37 i + sum of the bytes of the name mod 97), so that both sides make the same ones from the names
alone; of each parameter's gradient two numbers are compared, its norm and its product with cos(0.7 i + 1).
Read by tests/unit/script/model_reference.h."""
import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


class Params:
    def __init__(self):
        self.made = {}

    def __call__(self, name, *shape):
        if name not in self.made:
            n = torch.Size(shape).numel()
            at = 0.37 * torch.arange(n) + sum(name.encode()) % 97
            self.made[name] = (0.3 * torch.sin(at)).reshape(shape).requires_grad_()
        return self.made[name]

    def linear(self, name, x, out, bias=True):
        return F.linear(x, self(name + "/weight", out, x.shape[-1]), self(name + "/bias", out) if bias else None)

    def rows(self, name, n, dim, ids):
        """Rows of a table; zeros for -1."""
        t = torch.tensor(ids)
        return self(name + "/weight", n, dim)[t.clamp(min=0)] * (t >= 0)[..., None]


def report(model, f):
    p = Params()
    loss = f(p)
    loss.backward()
    print(f'{{"{model}", {loss.item():.15g}, {{')
    for name, t in p.made.items():
        g = t.grad.reshape(-1)
        product = (g * torch.cos(0.7 * torch.arange(len(g)) + 1)).sum()
        print(f'\t{{"{name}", {len(g)}, {g.norm().item():.15g}, {product.item():.15g}}},')
    print("}},")
