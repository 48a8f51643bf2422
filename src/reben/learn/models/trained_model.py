"""A trained model and all that is needed to use it: band order, normalisation, class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reben.core.bands import BANDS, IMAGE_RESOLUTION_M, bands_of_tensors, names_in
from reben.core.cards import card
from reben.core.classes import CLC2018, Legend
from reben.core.errors import BandError, RunError
from reben.core.palettes import legend_of_names
from reben.data.images import raw_image_of
from reben.data.normalisation import (
    PUBLISHED_STATISTICS,
    UNSCALED,
    BandStatistics,
    Normalisation,
    Statistics,
    normalisation,
)
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.tasks import TASKS, task_of
from reben.learn.tasks.task import Output, Task

_IMAGE_AXES = 3
_BATCH_AXES = 4


@dataclass(frozen=True, repr=False)
class TrainedModel:
    """A model that may be called with images as they are stored, and says what it expects.

    `trained(images)` takes raw values (reflectance times 10,000, backscatter in dB) and gives logits; `trained.model`
    is the plain torch module, which takes batches of normalised images. Both compute where the model is.
    """

    model: nn.Module
    architecture: Architecture
    bands: tuple[str, ...]
    """Order of the input channels."""
    statistics: Statistics
    """Mean and standard deviation of each band."""
    class_names: tuple[str, ...]
    """Order of the outputs."""
    own_legend: Legend | None = None
    """Legend of the data that it was trained on; None if that is not known, as of published weights."""
    scale: BandStatistics = UNSCALED
    """Mean and standard deviation of the training patches' numbers, which outputs of a regression are scaled with."""

    @classmethod
    def of_timm(
        cls,
        model: nn.Module,
        timm_name: str,
        *,
        bands: str | Sequence[str] = "all",
        class_names: Sequence[str] = CLC2018.class_names,
        statistics: Statistics = PUBLISHED_STATISTICS,
        image_size: int = 120,
    ) -> Self:
        """A timm classifier that was trained or tuned elsewhere, ready for `reben.save_model`.

        Args:
            model: maps normalised images, shape (B, bands, H, W), to logits, shape (B, classes).
            timm_name: with which `timm.create_model` builds it.
            bands: a set (`s1`, `s2`, `all`, `rgb`) or band names: the order of its channels.
            class_names: the order of its outputs.
            statistics: means and standard deviations with which it was trained.
            image_size: pixels along one side of its images.

        Raises:
            BandError: if a band has no statistics.
            RecipeError: if timm has no such model.
            RunError: if the module is another architecture, or has other inputs or outputs.
        """
        names = tuple(BANDS[name.upper()].name if name.upper() in BANDS else name for name in names_in(bands))
        normalisation(names, statistics)
        architecture = Architecture(timm_name, len(names), len(class_names), image_size, dropout=0.0, drop_path=0.0)
        wanted = {name: tuple(tensor.shape) for name, tensor in build_model(architecture).state_dict().items()}
        found = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        misfits = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        if misfits:
            raise RunError(
                f"the module is not a {timm_name} for {len(names)} bands and {len(class_names)} classes: "
                f"{misfits[0]} has shape {found.get(misfits[0])}; expected {wanted.get(misfits[0])}",
                hint="give the name, bands and class_names with which it was built",
            )
        return cls(model, architecture, names, statistics, tuple(class_names))

    def __call__(self, images: torch.Tensor | NDArray[Any]) -> torch.Tensor:
        """Logits of raw images at 10 m.

        Args:
            images: one image of shape (C, H, W) or a batch (B, C, H, W), channels in the order of `bands`.

        Returns:
            logits, or numbers in the unit of the target, shape (classes,) or (B, classes). Gradients flow unless
            switched off by the caller.

        Raises:
            BandError: if the images have another shape.
        """
        normalised = self.normalised(images)
        if normalised.ndim == _BATCH_AXES:
            return self.outputs(normalised)
        first: torch.Tensor = self.outputs(normalised[None])[0]
        return first

    def outputs(self, normalised: torch.Tensor) -> torch.Tensor:
        """Outputs for normalised images (B, C, H, W): logits, or numbers in the unit of the target."""
        return unscaled(self.model(normalised), self.scale)

    def normalised(self, images: torch.Tensor | NDArray[Any]) -> torch.Tensor:
        """Raw images, normalised as `reben.data.images.image_of` does it, as float32.

        Args:
            images: shape (C, H, W) or (B, C, H, W), channels in the order of `bands`.

        Raises:
            BandError: if the images have another shape.
        """
        raw = images if isinstance(images, torch.Tensor) else torch.from_numpy(np.array(images, np.float32))
        if raw.ndim not in {_IMAGE_AXES, _BATCH_AXES} or raw.shape[-3] != len(self.bands):
            raise BandError(
                f"images of shape {tuple(raw.shape)}: expected (channels, rows, columns), or a batch of that, with the "
                f"{len(self.bands)} channels {', '.join(self.bands)}",
                hint="TrainedModel.image makes an image of the bands of a patch",
            )
        mean, scale = self.mean_and_scale()
        return (raw.to(mean.device).float() - mean) * scale

    def image(self, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Raw image of one patch: its bands upsampled to 10 m by nearest neighbour and stacked in the model's order.

        Args:
            tensors: bands by name at their native resolution, as a store gives them; others may be among them. For
                models of both sensors: `store[patch_id] | store[s1_name]`.

        Returns:
            shape (C, H, W).

        Raises:
            BandError: if a band is missing, or the bands do not have the same ground.
        """
        missing = [name for name in self.bands if name not in tensors]
        if missing:
            raise BandError(
                f"the model needs {', '.join(self.bands)}; {', '.join(missing)} is missing",
                hint="Sentinel-1 bands lie under the patch's s1_name: store[patch_id] | store[s1_name]",
            )
        known = bands_of_tensors({name: (len(tensors[name]), tensors[name].dtype) for name in self.bands})
        sides = {
            tuple(length * (known[name].resolution_m // IMAGE_RESOLUTION_M) for length in tensors[name].shape)
            for name in self.bands
        }
        if len(sides) > 1:
            sizes = ", ".join(f"{name} {tensors[name].shape}" for name in self.bands)
            raise BandError(f"the bands do not cover the same ground: {sizes}")
        return raw_image_of([tensors[name] for name in self.bands], side_px=sides.pop()[0])

    def probable(self, image: torch.Tensor | NDArray[Any], threshold: float = 0.5) -> dict[str, float]:
        """Classes of one image with a probability of at least `threshold`, the most probable first.

        Args:
            image: raw, shape (C, H, W).
            threshold: 0 gives all classes.

        Raises:
            BandError: if the image has another shape.
            RunError: if the model gives no labels.
        """
        self.expect_output(Output.labels)
        with torch.inference_mode():
            probabilities = self(image).sigmoid()
        if probabilities.ndim > 1:
            raise BandError(f"got {len(probabilities)} images; expected one", hint="call the model itself for batches")
        found = zip(self.class_names, probabilities.tolist(), strict=True)
        return dict(sorted((pair for pair in found if pair[1] >= threshold), key=lambda pair: -pair[1]))

    @property
    def legend(self) -> Legend:
        """Names, codes and colours of the classes: of the training data, else reBEN's, else colours of our choice."""
        if self.own_legend is not None:
            return self.own_legend
        return CLC2018 if self.class_names == CLC2018.class_names else legend_of_names(self.class_names)

    def to(self, device: str | torch.device) -> Self:
        """Move the model to a device, such as `cuda`; returns this trained model."""
        self.model.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(chain(self.model.parameters(), self.model.buffers())).device

    def __repr__(self) -> str:
        name, classes = self.architecture.timm_name, len(self.class_names)
        return (
            f"TrainedModel({name} for {self.architecture.task}, {classes} classes, bands {','.join(self.bands)}, "
            f"{self.architecture.image_size} px, on {self.device})"
        )

    def _repr_html_(self) -> str:
        """A short table for notebooks."""
        facts = {
            "architecture": self.architecture.timm_name,
            "task": self.architecture.task,
            "classes": ", ".join(self.class_names),
            "bands": ", ".join(self.bands),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "device": self.device,
        }
        return card("Trained model", facts)

    @property
    def task(self) -> Task:
        """What the model was trained for."""
        return task_of(self.architecture.task)

    def expect_output(self, *outputs: Output) -> None:
        """Check what the model gives.

        Raises:
            RunError: if it gives something else.
        """
        if self.task.output not in outputs:
            fitting = [name for name in TASKS.own if TASKS[name].output in outputs]
            raise RunError(
                f"the model was trained for {self.task.name} and gives {self.task.output}; expected "
                f"{' or '.join(outputs)}",
                hint=f"train one with --task {' or '.join(fitting)}",
            )

    @cached_property
    def normalisation(self) -> Normalisation:
        """Means and standard deviations of the bands."""
        return normalisation(self.bands, self.statistics)

    def mean_and_scale(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What is subtracted from images, and by what they are multiplied, (C, 1, 1) each, on the model's device."""
        found, device = self.normalisation, self.device
        mean, scale = (torch.from_numpy(values).view(-1, 1, 1).to(device) for values in (found.mean, found.scale))
        return mean, scale


def unscaled(outputs: torch.Tensor, scale: BandStatistics) -> torch.Tensor:
    """Outputs of a model in the unit of what it was trained to predict."""
    return outputs if scale == UNSCALED else outputs * scale.std + scale.mean
