"""Learning rates that fall from the head down to the first layer, so that pre-trained layers change less.

Which layer a parameter belongs to, and the arithmetic, are timm's (`timm.optim.param_groups_layer_decay`), after Bao et
al., BEiT, 2022 (arXiv 2106.08254). Biases and scales of normalisation layers have no weight decay, as there.
"""

from typing import Any

from timm.optim import param_groups_layer_decay
from torch import nn

from reben.core.errors import RecipeError
from reben.learn.backbones.tunable import Tunable


def by_layer(model: nn.Module, rate: float, weight_decay: float, decay: float) -> list[dict[str, Any]]:
    """Groups of parameters for an optimiser, each with its learning rate.

    Args:
        model: of timm, or a backbone whose network is one.
        rate: of the head.
        weight_decay: of weights.
        decay: rate of a layer over that of the layer above it.

    Raises:
        RecipeError: if nobody says which layers the model has.
    """
    network: Any = model.encoder.network if isinstance(model, Tunable) else model
    if not hasattr(network, "group_matcher"):
        raise RecipeError(f"{type(network).__name__} does not say which layers it has", hint="leave --layer-decay out")
    found = param_groups_layer_decay(network, weight_decay=weight_decay, layer_decay=decay)
    groups = [
        {"params": group["params"], "lr": rate * group["lr_scale"], "weight_decay": group["weight_decay"]}
        for group in found
    ]
    if isinstance(model, Tunable):
        groups.append({"params": list(model.head.parameters()), "lr": rate, "weight_decay": weight_decay})
    return groups
