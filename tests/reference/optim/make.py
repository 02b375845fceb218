#!/usr/bin/python3
"""Writes trajectories of torch.optim in double precision as a C table: torch.h.

    /usr/bin/python3 make.py > torch.h        (Debian's python3-torch; the version is in the file)

Three numbers start at (1, -2, .5); the gradient of step t is (w - (.3, -.1, 2)) * (1, 10, .1) + .1 sin(t + (0, 1, 2)).
Printed are the numbers after 1, 2, 10 and 50 steps."""
import math
import torch

CASES = [
    ("sgd", "SGD", dict(lr=.05), {}),
    ("sgd", "SGD", dict(lr=.02, momentum=.9), dict(momentum=.9)),
    ("sgd", "SGD", dict(lr=.02, momentum=.9, nesterov=True, weight_decay=.1), dict(momentum=.9, nesterov=1, decay=.1)),
    ("adagrad", "Adagrad", dict(lr=.1), {}),
    ("adagrad", "Adagrad", dict(lr=.1, initial_accumulator_value=.5, eps=1e-3, weight_decay=.01),
     dict(initial=.5, eps=1e-3, decay=.01)),
    ("rmsprop", "RMSprop", dict(lr=.01), {}),
    ("rmsprop", "RMSprop", dict(lr=.01, alpha=.9, momentum=.5, centered=True, eps=1e-4, weight_decay=.01),
     dict(alpha=.9, momentum=.5, centered=1, eps=1e-4, decay=.01)),
    ("adam", "Adam", dict(lr=.01), {}),
    ("adam", "Adam", dict(lr=.01, betas=(.8, .95), eps=1e-3, weight_decay=.1),
     dict(beta1=.8, beta2=.95, eps=1e-3, decay=.1)),
    ("adamw", "AdamW", dict(lr=.01), {}),
    ("adamw", "AdamW", dict(lr=.01, betas=(.8, .95), eps=1e-3, weight_decay=.3),
     dict(beta1=.8, beta2=.95, eps=1e-3, decay=.3)),
]

print("/* Made by make.py with torch %s. */" % torch.__version__)
for name, torch_name, options, ours in CASES:
    w = torch.tensor([1., -2., .5], dtype=torch.float64, requires_grad=True)
    o = getattr(torch.optim, torch_name)([w], **options)
    rows = []
    for t in range(1, 51):
        drift = torch.tensor([.1 * math.sin(t + k) for k in range(3)], dtype=torch.float64)
        w.grad = ((w.detach() - torch.tensor([.3, -.1, 2.], dtype=torch.float64))
                  * torch.tensor([1., 10., .1], dtype=torch.float64) + drift)
        o.step()
        if t in (1, 2, 10, 50):
            rows.append("{%d, {%s}}" % (t, ", ".join("%.17g" % x for x in w.tolist())))
    settings = "".join('{"%s", %r}, ' % kv for kv in ours.items())
    print('{"%s", %r, {%s{NULL, 0}},\n\t{%s}},' % (name, options["lr"], settings, ",\n\t\t".join(rows)))
