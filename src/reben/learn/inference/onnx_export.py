"""A trained model as an ONNX file, which computes the same without PyTorch; proved before the file gets its name."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from reben.core.bands import BANDS
from reben.core.errors import ExportError
from reben.learn.models.trained_model import TrainedModel
from reben.version import __version__
from reben.work import atomic

TOLERANCE = 1e-4
"""Largest difference of a logit, absolute, or relative where logits are larger than 1."""

_INPUT, _OUTPUT = "images", "logits"
_BATCHES = (1, 2, 5)
_SMOOTHING_PX = 8
_LEAST_DIGITAL_NUMBER, _LARGEST_DIGITAL_NUMBER = 1, 16_000


@dataclass(frozen=True, slots=True)
class Exported:
    """A written file."""

    path: Path
    nbytes: int
    largest_difference: float
    """Of a logit between ONNX Runtime and PyTorch, relative where logits are larger than 1."""
    images: int
    """On which both were compared."""


class _Normalising(nn.Module):
    """A model that takes raw images, and normalises them as `reben.data.images` does.

    ONNX Runtime may fuse and reorder what a graph says, so that only `TOLERANCE` can be promised of its logits.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, trained: TrainedModel) -> None:
        super().__init__()
        self.model, self.trained = trained.model, trained
        mean, scale = trained.mean_and_scale()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.trained.outputs((images - self.mean) * self.scale)


class _Scaling(nn.Module):
    """A model that takes normalised images and gives outputs in the unit of its target."""

    def __init__(self, trained: TrainedModel) -> None:
        super().__init__()
        self.model, self.trained = trained.model, trained

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.trained.outputs(images)


def export_onnx(trained: TrainedModel, target: Path, *, with_normalisation: bool = False) -> Exported:
    """Write an ONNX file with the input `images`, float32 (batch, C, H, W), and the output `logits` (batch, classes).

    The batch may have any size, the images have that of training. The file's metadata say what goes in and comes out:
    bands, mean, std, class_names and whether the normalisation is inside.

    Args:
        trained: the model; it is used on the CPU.
        target: file to write; it appears only if it computes what the model computes.
        with_normalisation: take raw images at 10 m; else normalised ones.

    Raises:
        ExportError: if PyTorch cannot export the model, or the file computes something else.
    """
    trained.model.cpu().eval()
    module = (_Normalising if with_normalisation else _Scaling)(trained).eval()
    side = trained.architecture.image_size
    proto = _exported(module, torch.zeros(2, len(trained.bands), side, side))
    onnx.helper.set_model_props(proto, _properties(trained, with_normalisation=with_normalisation))
    with atomic.new_file(target) as partial:
        onnx.save(proto, partial)
        difference, images = _compare(partial, module, _trials(trained, raw=with_normalisation))
    return Exported(target, target.stat().st_size, difference, images)


def _exported(module: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    """The graph of a module, with a free batch size.

    Raises:
        ExportError: if PyTorch cannot make one.
    """
    try:
        with _quiet():
            program = torch.onnx.export(
                module,
                (example,),
                input_names=[_INPUT],
                output_names=[_OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(
            f"PyTorch cannot export this model ({str(error).strip().splitlines()[0]})",
            hint="its architecture may do something that ONNX does not know; try another version of PyTorch",
        ) from error
    if program is None:
        raise ExportError("PyTorch made no ONNX program", hint="try another version of PyTorch")
    proto: onnx.ModelProto = program.model_proto
    return proto


def _compare(path: Path, module: nn.Module, trials: Iterator[NDArray[np.float32]]) -> tuple[float, int]:
    """Largest difference between the file and the module, and the number of images.

    Raises:
        ExportError: if it is too large.
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    largest, images = 0.0, 0
    for trial in trials:
        with torch.inference_mode():
            expected = module(torch.from_numpy(trial)).numpy()
        (found,) = session.run([_OUTPUT], {_INPUT: trial})
        difference = float((np.abs(found - expected) / np.maximum(np.abs(expected), 1)).max())
        if not difference <= TOLERANCE:  # also where a logit is not a number
            raise ExportError(
                f"the exported model differs from the original by {difference:.2g}; at most {TOLERANCE} is allowed",
                hint="nothing was written; try another version of PyTorch, onnx or ONNX Runtime",
            )
        largest, images = max(largest, difference), images + len(trial)
    return largest, images


def _trials(trained: TrainedModel, *, raw: bool) -> Iterator[NDArray[np.float32]]:
    """Batches of several sizes: noise, and images that look like patches, as raw values or normalised."""
    random = np.random.default_rng(0)
    shape = (len(trained.bands), trained.architecture.image_size, trained.architecture.image_size)
    mean, std = (values[:, None, None] for values in trained.normalisation)
    for size in _BATCHES:
        noise = random.normal(size=(size, *shape))
        for images in (noise * std + mean, _like_patches(trained, random, (size, *shape))):
            yield np.ascontiguousarray(images if raw else trained.normalised(images).numpy(), np.float32)


def _like_patches(trained: TrainedModel, random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Raw images (B, C, H, W): fields with each band's mean and deviation, reflectance as whole numbers."""
    coarse = [-(-side // _SMOOTHING_PX) for side in shape[-2:]]
    fields = random.normal(size=(*shape[:2], *coarse)).repeat(_SMOOTHING_PX, -1).repeat(_SMOOTHING_PX, -2)
    fields = fields[..., : shape[-2], : shape[-1]] + 0.1 * random.normal(size=shape)
    mean, std = (values[:, None, None] for values in trained.normalisation)
    images: NDArray[np.float64] = fields * std + mean
    for channel, band in enumerate(trained.bands):
        if band not in BANDS or BANDS[band].sensor == "s2":
            images[:, channel] = images[:, channel].round().clip(_LEAST_DIGITAL_NUMBER, _LARGEST_DIGITAL_NUMBER)
    return images


def _properties(trained: TrainedModel, *, with_normalisation: bool) -> dict[str, str]:
    """What a user of the file must know, as ONNX keeps it: texts; lists are JSON."""
    lists = {
        "bands": list(trained.bands),
        "mean": [trained.statistics[band].mean for band in trained.bands],
        "std": [trained.statistics[band].std for band in trained.bands],
        "class_names": list(trained.class_names),
    }
    return {
        **{name: json.dumps(values) for name, values in lists.items()},
        "normalisation": "inside" if with_normalisation else "outside",
        "timm_model_name": trained.architecture.timm_name,
        "reben_version": __version__,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's advice to its own developers from the user."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
