"""What a learning task is: head, target, loss, metrics, scores and wording.

Nothing here imports torch, so that the command line can ask for names; the methods of a task import what they need.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torchmetrics import MetricCollection

    from reben.data.dataset import Batch
    from reben.data.patches import Patches
    from reben.learn.scores.bootstrap import Interval
    from reben.learn.scores.calibration import Calibration
    from reben.learn.scores.thresholds import ThresholdScores

LARGEST_STRIDE = 32
"""Images of which maps are made are padded to a multiple of it: no network reduces them further."""

Loss = Callable[["torch.Tensor", "torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]
"""From a model's outputs, the truth and class weights (or None) to the mean over patches."""


class Output(StrEnum):
    """What a model of a task gives."""

    labels = "labels"
    """Probabilities of several classes per patch."""
    maps = "maps"
    """One class per pixel."""
    values = "values"
    """One number per patch."""


@dataclass(frozen=True, slots=True)
class MetricName:
    """What a metric is called."""

    short: str
    """In a line of output, such as `macro AP`."""
    long: str
    """In a model card."""
    hub_type: str
    """On the Hugging Face hub."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What the model card of a task says otherwise than those of others."""

    pipeline_tag: str
    """The hub's name of the kind of model."""
    task: str
    tag: str
    sentence: str
    output: str
    per_class: str
    """Key of the scores per class in the test scores."""
    class_score: str
    baseline: tuple[str, str]
    """Key of a simple baseline's score in the test scores, and what it is."""
    use: str
    """Line of Python that makes something of a model's outputs."""
    metrics_note: str = ""
    """Follows the number of test patches."""


class Scores(Protocol):
    """What was measured of a model on some patches; a dataclass, which is written as JSON."""

    @property
    def patches(self) -> int:
        """Number of patches."""
        ...

    def headline(self) -> str:
        """Return the two most important scores in one line."""
        ...

    def lines(self) -> list[str]:
        """Return all scores for people, a line each."""
        ...


class Measured(ABC):
    """Outputs of a model and the truth of some patches, ready to be scored in any groups."""

    @abstractmethod
    def scores(self, chosen: NDArray[np.bool_]) -> Scores:
        """Return the scores of the chosen patches; mask of shape (patches,)."""

    @abstractmethod
    def intervals(self, units: Sequence[str], *, resamples: int) -> "dict[str, Interval]":
        """Return confidence intervals by metric.

        Args:
            units: what is resampled as a whole: the unit that each patch belongs to, shape (patches,).
            resamples: number of bootstrap resamples.
        """

    def calibration(self) -> "Calibration | None":
        """Return how well probabilities are calibrated; None if the task has none."""
        return None

    def best_thresholds(self) -> dict[str, float]:
        """Return the threshold of each class with the best F1 (tasks with `has_thresholds`)."""
        raise NotImplementedError

    def scores_with(self, thresholds: Mapping[str, float], *, chosen_on: str) -> "ThresholdScores":
        """Return the F1 with given thresholds (tasks with `has_thresholds`).

        Args:
            thresholds: by class name.
            chosen_on: split on which they were chosen.
        """
        raise NotImplementedError


class Task(ABC):
    """All that differs between learning tasks. There is one object of each."""

    name: str
    summary: str
    """For the help of `reben train --task`."""
    output: Output
    losses: tuple[str, ...]
    """Names of its losses, the default first."""
    unweighted_losses: frozenset[str] = frozenset()
    """Losses that take no class weights."""
    metrics: Mapping[str, MetricName]
    """Of each epoch of validation, in the order in which they are shown."""
    best_metric: str
    """By which epochs are compared; more is better."""
    has_thresholds: bool = False
    """Whether decisions have thresholds that can be chosen."""
    needs_target: bool = False
    """Whether the recipe must name a target, see `reben.data.targets`; labels and reference maps need no name."""
    wording: Wording

    @property
    def has_classes(self) -> bool:
        """Whether the outputs are the classes of a legend."""
        return self.output is not Output.values

    @property
    def needs_maps(self) -> bool:
        """Whether training and scores need reference maps, whatever the target."""
        return self.output is Output.maps

    @abstractmethod
    def output_shape(self, outputs: int, image_size: int) -> tuple[int, ...]:
        """Return the shape of what a model gives for one image, batch axis included.

        Args:
            outputs: number of classes.
            image_size: pixels along one side of the image.
        """

    @abstractmethod
    def builders(
        self, timm_name: str, *, channels: int, outputs: int, image_size: int, weights: Mapping[str, Any]
    ) -> "list[Callable[..., nn.Module]]":
        """Return ways of building a model, the best first; each takes timm's drop_rate and drop_path_rate.

        Args:
            timm_name: of the backbone.
            channels: of the images.
            outputs: number of classes.
            image_size: pixels along one side of the images.
            weights: options of timm that say which weights to start from.
        """

    @abstractmethod
    def loss(self, name: str) -> Loss:
        """Return a loss by one of the names in `losses`."""

    @abstractmethod
    def balanced_weights(self, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return weights that make rare classes count as much as frequent ones, shape (classes,).

        Args:
            labels: multi-hot labels of the training patches, shape (patches, classes).
        """

    @abstractmethod
    def truth(self, batch: "Batch") -> "torch.Tensor":
        """Return what outputs are compared with by metrics."""

    def loss_target(self, batch: "Batch") -> "torch.Tensor":
        """Return what outputs are compared with by losses."""
        return self.truth(batch)

    @abstractmethod
    def predictions(self, outputs: "torch.Tensor") -> "torch.Tensor":
        """Return what users get: probabilities, or classes of pixels."""

    @abstractmethod
    def epoch_metrics(self, outputs: int) -> "MetricCollection":
        """Return metrics to be updated with predictions and truth, batch by batch."""

    @abstractmethod
    def epoch_values(self, metrics: "MetricCollection") -> "dict[str, torch.Tensor]":
        """Return the values of updated metrics, by the names in `metrics`."""

    @abstractmethod
    def rows(self, batch: "Batch", outputs: "torch.Tensor") -> "torch.Tensor":
        """Return what is kept of each patch for its scores, on the CPU; the first axis is that of the batch."""

    @abstractmethod
    def measured(self, rows: "torch.Tensor", patches: "Patches", class_names: Sequence[str]) -> Measured:
        """Return what was kept of patches, ready to be scored.

        Args:
            rows: of all patches, in their order.
            patches: the patches.
            class_names: in the order of the outputs.
        """


def indented(lines: Sequence[str], by: int = 2) -> list[str]:
    """Return lines that stand below a title."""
    return [" " * by + line for line in lines]


_LARGEST_WEIGHT = 100.0
"""A class of a handful of patches must not decide every step."""


def clipped_weights(wanted: NDArray[Any], present: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the quotient of both per class, from 1 / 100 to 100; 1 for classes that no patch has."""
    weights = np.where(present > 0, wanted / np.maximum(present, 1), 1.0)
    return weights.clip(1 / _LARGEST_WEIGHT, _LARGEST_WEIGHT)
