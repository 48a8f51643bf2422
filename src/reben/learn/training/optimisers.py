"""The optimisers of training by name: a small table."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

Parameters = Iterable[nn.Parameter] | Iterable[dict[str, Any]]
"""Parameters, or groups of them with settings of their own."""

OPTIMISERS: dict[str, Callable[[Parameters, float, float], torch.optim.Optimizer]] = {
    "adamw": lambda parameters, rate, decay: torch.optim.AdamW(parameters, lr=rate, weight_decay=decay),
    "adam": lambda parameters, rate, decay: torch.optim.Adam(parameters, lr=rate, weight_decay=decay),
    "sgd": lambda parameters, rate, decay: torch.optim.SGD(
        parameters, lr=rate, momentum=0.9, nesterov=True, weight_decay=decay
    ),
}
"""From parameters, highest learning rate and weight decay; `adamw` is the paper's."""
