"""Trained models on disk: `config.json` and `model.safetensors`, in the layout of the published weights.

Source: the repositories BIFOLD-BigEarthNetv2-0/* on the Hugging Face hub; their tensors are timm's, with a prefix.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from reben import __version__
from reben.core.errors import RebenError, RunError
from reben.data.normalisation import BandStatistics, Statistics
from reben.io import atomic
from reben.learn.models import Architecture, build_model

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_PREFIX = "model.vision_encoder."


@dataclass(frozen=True)
class TrainedModel:
    """A model and all that is needed to use it."""

    model: nn.Module
    architecture: Architecture
    bands: tuple[str, ...]
    """Order of the input channels."""
    statistics: Statistics
    """Mean and standard deviation of each band."""
    class_names: tuple[str, ...]
    """Order of the outputs."""


def save_model(directory: Path, trained: TrainedModel) -> None:
    """Write both files into `directory`, each whole or not at all."""
    architecture = trained.architecture
    config = {
        "timm_model_name": architecture.timm_name,
        "channels": architecture.channels,
        "classes": architecture.classes,
        "image_size": architecture.image_size,
        "drop_rate": architecture.dropout,
        "drop_path_rate": architecture.drop_path,
        "class_names": list(trained.class_names),
        "bands": list(trained.bands),
        "mean": [trained.statistics[band].mean for band in trained.bands],
        "std": [trained.statistics[band].std for band in trained.bands],
        "reben_version": __version__,
    }
    tensors = {_PREFIX + name: tensor.contiguous() for name, tensor in trained.model.state_dict().items()}
    with atomic.new_file(directory / WEIGHTS_FILE) as partial:
        save_file(tensors, partial, metadata={"format": "pt"})
    atomic.write_json(directory / CONFIG_FILE, config)


def load_model(directory: Path) -> TrainedModel:
    """The model that `save_model` wrote, in evaluation mode, on the CPU.

    Raises:
        RunError: if a file is missing or damaged, or the weights do not fit the architecture.
    """
    config = _read_config(directory)
    try:
        architecture = Architecture(
            timm_name=config["timm_model_name"],
            channels=config["channels"],
            classes=config["classes"],
            image_size=config["image_size"],
            dropout=config["drop_rate"],
            drop_path=config["drop_path_rate"],
        )
        bands = tuple(config["bands"])
        statistics = {
            band: BandStatistics(mean, std)
            for band, mean, std in zip(bands, config["mean"], config["std"], strict=True)
        }
        class_names = tuple(config["class_names"])
        model = build_model(architecture)
    except (KeyError, TypeError, ValueError, RebenError) as error:
        raise RunError(f"{directory / CONFIG_FILE}: does not describe a model of reben ({error!r})") from error
    _load_weights(model, directory / WEIGHTS_FILE)
    return TrainedModel(model.eval(), architecture, bands, statistics, class_names)


def _read_config(directory: Path) -> dict[str, Any]:
    """`config.json` of a run.

    Raises:
        RunError: if it is missing or no JSON object.
    """
    path = directory / CONFIG_FILE
    if not path.is_file():
        raise RunError(f"{directory} holds no trained model: {CONFIG_FILE} is missing", hint=_missing_hint(directory))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: is no JSON ({error})") from error
    if not isinstance(config, dict):
        raise RunError(f"{path}: must hold a JSON object")
    return config


def _missing_hint(directory: Path) -> str:
    if any(directory.glob("*.ckpt")) or any(directory.glob("*.pt*")) or any(directory.glob("*.bin")):
        return "pickled weights are not loaded, because they can run code; convert them to safetensors"
    return "give the --output directory of `reben train`, after at least one epoch"


def _load_weights(model: nn.Module, path: Path) -> None:
    """Fill `model` with the weights at `path`.

    Raises:
        RunError: if the file is missing, damaged, or of another architecture.
    """
    try:
        tensors = load_file(path)
        model.load_state_dict({name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()})
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path}: cannot be read ({error})") from error
    except RuntimeError as error:
        raise RunError(f"{path}: does not fit the architecture in {CONFIG_FILE} ({error})") from error
