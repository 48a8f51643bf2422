"""The losses of training.

Each takes outputs, target and class weights (or None). Of labels: logits (B, classes), target float (B, classes). Of
maps: logits (B, classes, H, W), target int64 (B, H, W). Every loss is a mean over the patches of a batch, so that
batches computed in parts give the same gradients. Sources: focal loss, Lin et al., ICCV 2017, equation 4 (gamma 2);
asymmetric loss, Ridnik et al., ICCV 2021, as timm has it; Dice loss, Milletari et al., 3DV 2016, as
segmentation-models-pytorch has it, here computed per image.
"""

import torch
from segmentation_models_pytorch.losses import MULTICLASS_MODE, DiceLoss
from timm.loss import AsymmetricLossMultiLabel
from torch.nn import functional

from reben.core.classes import UNLABELLED
from reben.core.errors import RecipeError

_GAMMA = 2.0


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Mean over patches and classes; weights multiply the terms of present classes."""
    return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weights)


def binary_focal(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Cross entropy times (1 - p)^2, where p is the probability that the model gives to what is right."""
    terms = functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weights, reduction="none")
    right = torch.where(target > 0, logits, -logits).sigmoid()
    return ((1 - right) ** _GAMMA * terms).mean()


def asymmetric(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Focal loss that forgives easy negatives more than easy positives; takes no class weights.

    Raises:
        RecipeError: if there are class weights.
    """
    if weights is not None:
        raise RecipeError("the asymmetric loss takes no class weights", hint="leave --class-weights out")
    loss: torch.Tensor = AsymmetricLossMultiLabel(reduction="mean")(logits, target)
    return loss


def cross_entropy(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Sum over the labelled pixels, divided by the number of all pixels: every patch weighs what it knows."""
    total = functional.cross_entropy(logits, target, weight=weights, ignore_index=UNLABELLED, reduction="sum")
    return total / target.numel()


def pixel_focal(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Cross entropy of each labelled pixel times (1 - p)^2, divided by the number of all pixels."""
    terms = functional.cross_entropy(logits, target, weight=weights, ignore_index=UNLABELLED, reduction="none")
    plain = functional.cross_entropy(logits, target, ignore_index=UNLABELLED, reduction="none")
    return ((1 - torch.exp(-plain)) ** _GAMMA * terms).sum() / target.numel()


def dice(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """1 - Dice coefficient, averaged over the classes of each image, then over images; takes no class weights.

    Raises:
        RecipeError: if there are class weights.
    """
    if weights is not None:
        raise RecipeError("the Dice loss takes no class weights", hint="leave --class-weights out")
    measure = DiceLoss(MULTICLASS_MODE, ignore_index=UNLABELLED)
    each = [measure(logit[None], mask[None]) for logit, mask in zip(logits, target, strict=True)]
    return torch.stack(each).mean()
