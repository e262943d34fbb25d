"""Adam without PyTorch's compiler.

The methods of PyTorch's optimisers import `torch._dynamo` so that the compiler leaves them alone: two to three seconds
of a core in each process that learns. No optimiser is compiled here, networks alone are (`compiled`).
"""

from __future__ import annotations

from inspect import unwrap

import torch
from torch.optim import Adam as Whole


class Adam(Whole):
    """`torch.optim.Adam`, to the bit."""

    step = torch.no_grad()(unwrap(Whole.step))
    zero_grad = unwrap(Whole.zero_grad)
    add_param_group = unwrap(Whole.add_param_group)
    state_dict = unwrap(Whole.state_dict)
    load_state_dict = unwrap(Whole.load_state_dict)
