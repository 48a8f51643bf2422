"""Trained models: `config.json` and `model.safetensors`, in the layout of the published weights.

Source: the repositories BIFOLD-BigEarthNetv2-0/* on the Hugging Face hub; their tensors are timm's, with a prefix.
Their config.json holds the fields of configilm's ILMConfiguration (0.7.1), and so does ours, so that the class with
which they were made reads our files, too.
"""

import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018, LandCover, Legend
from reben.core.errors import BackboneError, RecipeError, RunError
from reben.data.normalisation import PUBLISHED_STATISTICS, UNSCALED, BandStatistics, Statistics
from reben.io.small_files import read_json
from reben.learn.backbones.row import Pool
from reben.learn.models.adapters import plain_state
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.hub import CONFIG_FILE, PICKLE_HINT, WEIGHTS_FILE, model_folder
from reben.learn.models.tensor_files import write_tensors
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weight_check import misfit
from reben.learn.tasks import DEFAULT_TASK, TASKS
from reben.version import __version__
from reben.work import atomic

__all__ = ["CONFIG_FILE", "WEIGHTS_FILE", "TrainedModel", "load_model", "save_model"]

_Level = Annotated[int, Field(ge=0, le=255)]

_PREFIX = "model.vision_encoder."
_MOST_VALUES = 1 << 25  # of an image, 128 MB: config.json may come from a stranger, and the model is tried on one image
_LONGEST_REASON = 200  # characters; torch lists every tensor
_DAMAGED = "the file may be damaged or from another program; copy it again, or train again"
_PICKLE_STARTS = (b"\x80", b"PK")  # a pickle, and torch's archive of one

_FIRST_PUBLICATION = re.compile(r"-v0\.1\.\d+$")
_FIRST_S2 = ("B02", "B03", "B04", "B08", "B05", "B06", "B07", "B11", "B12", "B8A")
_FIRST_S1 = ("VH", "VV")
# Weights that were published as v0.1.1 have another order of bands, see the note on their model cards.
_FIRST_BAND_SETS = (_FIRST_S1, _FIRST_S2, _FIRST_S2 + _FIRST_S1)

# What an image classifier has in the remaining fields of ILMConfiguration: their defaults, without meaning here.
_ILM_FIELDS = {
    "network_type": 0,  # image classification
    "hf_model_name": None,
    "visual_features_out": 512,
    "fusion_in": 512,
    "fusion_out": 512,
    "fusion_hidden": 256,
    "v_dropout_rate": 0.25,
    "t_dropout_rate": 0.25,
    "fusion_dropout_rate": 0.25,
    "_fusion_method": "torch.mul",
    "_fusion_activation": "nn.Tanh()",
    "use_pooler_output": True,
    "max_sequence_length": 32,
    "load_pretrained_timm_if_available": False,
    "load_pretrained_hf_if_available": True,
    "custom_fusion_method": None,
    "custom_fusion_activation": None,
}


def save_model(directory: str | os.PathLike[str], trained: TrainedModel) -> None:
    """Write `config.json` and `model.safetensors` into a folder, each whole or not at all.

    Whatever takes `--checkpoint` takes the folder: evaluate, predict, embed, export, and `reben train --init`.

    Raises:
        RunError: if it is not a `TrainedModel`.
    """
    if not isinstance(trained, TrainedModel):
        raise RunError(
            f"got a {type(trained).__name__}; expected a TrainedModel",
            hint="reben.TrainedModel.of_timm(module, name, bands=...) makes one of a timm module",
        )
    directory = Path(directory)
    architecture = trained.architecture
    config = _ILM_FIELDS | {
        "timm_model_name": architecture.timm_name,
        "channels": architecture.channels,
        "classes": architecture.classes,
        "image_size": architecture.image_size,
        "drop_rate": architecture.dropout,
        "drop_path_rate": architecture.drop_path,
        "task": architecture.task,
        "backbone": architecture.backbone,
        "pool": architecture.pool,
        "class_names": list(trained.class_names),
        "bands": list(trained.bands),
        "mean": [trained.statistics[band].mean for band in trained.bands],
        "std": [trained.statistics[band].std for band in trained.bands],
        "legend": _legend_values(trained.own_legend),
        "output_mean": trained.scale.mean,
        "output_std": trained.scale.std,
        "reben_version": __version__,
    }
    tensors = {_PREFIX + name: tensor.contiguous() for name, tensor in plain_state(trained.model).items()}
    with atomic.new_file(directory / WEIGHTS_FILE) as partial:
        write_tensors(partial, tensors, {"format": "pt"})
    atomic.write_json(directory / CONFIG_FILE, config)


def load_model(source: str | os.PathLike[str]) -> TrainedModel:
    """A trained model, in evaluation mode, on the CPU.

    Args:
        source: a run directory or any folder that `save_model` wrote or that has the layout of the published weights;
            else the name of a repository on the Hugging Face hub, `owner/name` or `owner/name@revision`.

    Raises:
        RunError: if a file is missing or damaged, or the weights do not fit the architecture.
        HubError: if the hub cannot be reached and has not been before, or does not have it.
    """
    directory, name = model_folder(source)
    config = _read_config(directory, called=directory.name if name is None else name.repository)
    architecture = Architecture(
        timm_name=config.timm_model_name,
        channels=config.channels,
        classes=config.classes,
        image_size=config.image_size,
        dropout=config.drop_rate,
        drop_path=config.drop_path_rate,
        task=config.task,
        backbone=config.backbone,
        pool=config.pool,
    )
    _expect_fit(architecture, directory / WEIGHTS_FILE)
    try:
        model = build_model(architecture)
    except (RecipeError, BackboneError) as error:
        raise RunError(f"{directory / CONFIG_FILE}: {error}", hint=error.hint) from error
    _load_weights(model, directory / WEIGHTS_FILE)
    legend = None if config.legend is None else config.legend.legend()
    scale = BandStatistics(config.output_mean, config.output_std)
    return TrainedModel(
        model.eval(), architecture, config.bands, config.statistics(), config.class_names, legend, scale
    )


class _Cover(BaseModel):
    """A land-cover code of a legend."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: Annotated[int, Field(ge=0, lt=1 << 16)]
    name: str
    colour: tuple[_Level, _Level, _Level]
    class_name: str | None = None


class _LegendConfig(BaseModel):
    """The legend of the data that a model was trained on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    codes: Annotated[tuple[_Cover, ...], Field(min_length=1, max_length=1 << 16)]

    def legend(self) -> Legend:
        """The same as a legend."""
        return Legend(self.name, tuple(LandCover(**code.model_dump()) for code in self.codes))


def _legend_values(legend: Legend | None) -> dict[str, Any] | None:
    """A legend for `config.json`."""
    if legend is None:
        return None
    return {"name": legend.name, "codes": [asdict(entry) for entry in legend.entries]}


class _Config(BaseModel):
    """`config.json`. Published files have no bands, means and standard deviations: the paper's are meant.

    Their class names are the numbers from 0 on, which configilm puts in where it is told no names.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    timm_model_name: str
    channels: Annotated[int, Field(gt=0, le=1024)]
    classes: Annotated[int, Field(gt=0, le=1024)]
    image_size: Annotated[int, Field(gt=0, le=4096)]
    drop_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    drop_path_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    task: str = DEFAULT_TASK
    backbone: str = ""
    pool: Pool = Pool.authors
    bands: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[Annotated[float, Field(ge=1e-6)], ...] = ()
    class_names: tuple[str, ...] = ()
    legend: _LegendConfig | None = None
    output_mean: float = UNSCALED.mean
    output_std: Annotated[float, Field(gt=0)] = UNSCALED.std

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever the file holds
        """Put in what published files leave out; the context is the name under which they were published."""
        if not isinstance(values, dict):
            return values
        filled = {name: value for name, value in values.items() if value is not None}
        if not filled.get("bands"):
            sets = _FIRST_BAND_SETS if _FIRST_PUBLICATION.search(str(info.context)) else BAND_SETS.values()
            filled["bands"] = {len(bands): bands for bands in sets}.get(filled.get("channels", 0), ())
        if not filled.get("mean") and all(band in PUBLISHED_STATISTICS for band in filled["bands"]):
            published = [PUBLISHED_STATISTICS[band] for band in filled["bands"]]
            filled["mean"] = [statistics.mean for statistics in published]
            filled["std"] = [statistics.std for statistics in published]
        names = filled.get("class_names") or CLC2018.class_names
        numbered = [str(number) for number in range(len(CLC2018.class_names))]
        filled["class_names"] = CLC2018.class_names if names == numbered else names
        return filled

    @model_validator(mode="after")
    def _check_task(self) -> Self:
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task!r}: there is no such task; expected one of {', '.join(TASKS)}")
        return self

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        for name in ("bands", "mean", "std"):
            if len(getattr(self, name)) != self.channels:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {self.channels} channels")
        if self.channels * self.image_size**2 > _MOST_VALUES:
            raise ValueError(f"{self.channels} channels of {self.image_size} x {self.image_size} pixels are too many")
        classes_are_outputs = TASKS[self.task].has_classes
        if classes_are_outputs and self.legend is not None and self.legend.legend().class_names != self.class_names:
            raise ValueError("legend has other classes than class_names")
        if len(self.class_names) != self.classes:
            raise ValueError(f"class_names has {len(self.class_names)} entries for {self.classes} classes")
        return self

    def statistics(self) -> Statistics:
        """Mean and standard deviation by band."""
        values = zip(self.bands, self.mean, self.std, strict=True)
        return {band: BandStatistics(mean, std) for band, mean, std in values}


def _read_config(directory: Path, *, called: str) -> _Config:
    """`config.json` of a run, or of weights that were published under the name `called`.

    Raises:
        RunError: if it is missing, or does not describe a model.
    """
    path = directory / CONFIG_FILE
    if not path.is_file():
        raise RunError(f"{directory} holds no trained model: {CONFIG_FILE} is missing", hint=_missing_hint(directory))
    values = read_json(path, error=RunError, hint=_DAMAGED)
    try:
        return _Config.model_validate(values, context=called)
    except TypeError as error:  # a list where a name is expected, for one
        raise RunError(f"{path}: does not describe a model: {error}", hint=_DAMAGED) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RunError(f"{path}: does not describe a model: {place} {first['msg']}", hint=_DAMAGED) from error


def _missing_hint(directory: Path) -> str:
    if any(directory.glob("*.ckpt")) or any(directory.glob("*.pt*")) or any(directory.glob("*.bin")):
        return PICKLE_HINT
    return "give the --output directory of `reben train`, after at least one epoch"


def _expect_fit(architecture: Architecture, path: Path) -> None:
    """Check a file of weights before a model is built.

    Raises:
        RunError: if it is missing, or of another architecture.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing", hint=_missing_hint(path.parent))
    reason = misfit(architecture, path, prefix=_PREFIX)
    if reason:
        raise RunError(f"{path}: does not fit the architecture in {CONFIG_FILE} ({reason})", hint=_DAMAGED)


def _load_weights(model: nn.Module, path: Path) -> None:
    """Fill `model` with the weights at `path`.

    Raises:
        RunError: if the file is missing, damaged, or of another architecture.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        with path.open("rb") as file:
            pickled = file.read(2).startswith(_PICKLE_STARTS)
        raise RunError(f"{path}: cannot be read ({error})", hint=PICKLE_HINT if pickled else _DAMAGED) from error
    try:
        model.load_state_dict({name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()[:_LONGEST_REASON]
        raise RunError(f"{path}: does not fit the architecture in {CONFIG_FILE} ({reason})", hint=_DAMAGED) from error
