"""The head of a model: what is trained where the rest stays as it is."""

from torch import nn

from reben.core.errors import RecipeError
from reben.learn.tasks.unet import OneScaleEncoder, UNet


def head_modules(model: nn.Module) -> list[nn.Module]:
    """What is trained where the backbone is frozen: the classifier, or of a U-Net all but its encoder.

    Raises:
        RecipeError: if the model has no such layer.
    """
    if isinstance(model, UNet):
        encoder = model.encoder
        made = [encoder.upsampling] if isinstance(encoder, OneScaleEncoder) else []
        return [*made, model.decoder, model.head]
    head = model.get_classifier() if hasattr(model, "get_classifier") else None  # type: ignore[operator]
    modules = list(head) if isinstance(head, tuple | list) else [head]
    found = [module for module in modules if isinstance(module, nn.Module) and any(True for _ in module.parameters())]
    if not found:
        raise RecipeError(f"{type(model).__name__} has no last layer to train alone", hint="leave --freeze out")
    return found
