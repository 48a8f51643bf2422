"""Losses are means over patches, ignore unlabelled pixels, and are what their papers say."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from reben.core.errors import RecipeError
from reben.learn.tasks import TASKS, task_of

LOSSES = [(task, name) for task in TASKS.own if TASKS[task].has_classes for name in TASKS[task].losses]
"""Those of regression are in test_regression.py."""
PATCHES, CLASSES, SIDE = 6, 4, 8


def batch(task: str, *, unlabelled: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    if task == "classification":
        logits = torch.randn(PATCHES, CLASSES, generator=draw)
        return logits, torch.randint(2, (PATCHES, CLASSES), generator=draw).float()
    logits = torch.randn(PATCHES, CLASSES, SIDE, SIDE, generator=draw)
    return logits, torch.randint(-1 if unlabelled else 0, CLASSES, (PATCHES, SIDE, SIDE), generator=draw)


@pytest.mark.parametrize(("task", "name"), LOSSES)
def test_a_batch_in_parts_has_the_same_mean(task: str, name: str):
    loss = task_of(task).loss(name)
    logits, target = batch(task, unlabelled=True)
    parts = [loss(logits[part], target[part], None) * len(logits[part]) for part in (slice(0, 1), slice(1, 6))]
    torch.testing.assert_close(sum(parts) / PATCHES, loss(logits, target, None))


@pytest.mark.parametrize(("task", "name"), LOSSES)
def test_better_predictions_cost_less_and_gradients_flow(task: str, name: str):
    loss = task_of(task).loss(name)
    logits, target = batch(task)
    good = (
        (target * 2 - 1) * 6 if task == "classification" else functional.one_hot(target, CLASSES).movedim(3, 1) * 12.0
    )
    assert loss(good, target, None) < loss(logits, target, None) < loss(-good, target, None)
    logits.requires_grad_()
    loss(logits, target, None).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().sum() > 0


@pytest.mark.parametrize("name", TASKS["segmentation"].losses)
def test_unlabelled_pixels_teach_nothing(name: str):
    loss = task_of("segmentation").loss(name)
    logits, target = batch("segmentation", unlabelled=True)
    changed = torch.where((target < 0)[:, None], logits + 5 * torch.randn_like(logits), logits)
    torch.testing.assert_close(
        loss(changed, target, None),
        loss(logits, target, None),
    )
    nothing = torch.full_like(target, -1)
    assert task_of("segmentation").loss(name)(logits, nothing, None).isfinite()


def test_focal_loss_is_the_formula_of_its_paper():
    logits, target = batch("classification")
    p = 1 / (1 + np.exp(-logits.numpy().astype(np.float64)))
    right = np.where(target.numpy() > 0, p, 1 - p)
    expected = (-((1 - right) ** 2) * np.log(right)).mean()
    assert task_of("classification").loss("focal")(logits, target, None).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("task", "name"), [pair for pair in LOSSES if pair[1] not in {"asymmetric", "dice"}])
def test_class_weights_multiply(task: str, name: str):
    logits, target = batch(task)
    plain, ones, doubled = (
        task_of(task).loss(name)(logits, target, w) for w in (None, torch.ones(CLASSES), torch.full((CLASSES,), 2.0))
    )
    torch.testing.assert_close(plain, ones)
    assert doubled > plain


@pytest.mark.parametrize(("task", "name"), [("classification", "asymmetric"), ("segmentation", "dice")])
def test_losses_without_class_weights_say_so(task: str, name: str):
    with pytest.raises(RecipeError, match="takes no class weights"):
        task_of(task).loss(name)(*batch(task), torch.ones(CLASSES))
