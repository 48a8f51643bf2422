"""Weights of backbones: fetched, converted once where they are published as pickles only, and known by their hashes."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from reben.core.errors import BackboneError
from reben.learn.backbones.encoder import State, timm_network
from reben.learn.backbones.maps import BackboneMaps
from reben.learn.backbones.model import BackboneModel, build_backbone, build_backbone_maps
from reben.learn.backbones.row import Backbone, Pool
from reben.learn.backbones.table import find_backbone
from reben.learn.backbones.tunable import Tunable
from reben.learn.models.hub import PICKLE_HINT, WEIGHTS_FILE, fetch
from reben.learn.models.initial_weights import pretrained_start
from reben.learn.models.weights import load_model
from reben.net.hub import HubName, is_hub_name
from reben.work import atomic
from reben.work.cache import cache_folder
from reben.work.checksums import sha256

RANDOM = "random"
"""What stands for random weights after the @; `random-3` for other ones."""

_ADDRESS = re.compile(
    r"https://(hf\.co|huggingface\.co)/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)"
)
_PROMISED_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
_RANDOM = re.compile(rf"{RANDOM}(-(\d{{1,9}}))?")
_TIMM = "timm:"


@dataclass(frozen=True, slots=True)
class BackboneName:
    """A backbone, and which weights of it: `NAME`, `NAME@random`, `NAME@random-SEED`, `NAME@FILE.safetensors`."""

    backbone: str
    weights: str = ""
    """Empty for those that are published."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The two parts of a name.

        >>> BackboneName.parse("moco-resnet18-s2@random")
        BackboneName(backbone='moco-resnet18-s2', weights='random')
        """
        backbone, _, weights = text.partition("@")
        return cls(backbone, weights)

    def __str__(self) -> str:
        return f"{self.backbone}@{Path(self.weights).name}" if self.weights else self.backbone


_T = TypeVar("_T", bound=Tunable)


@dataclass(frozen=True, slots=True)
class LoadedBackbone(Generic[_T]):
    """A backbone with weights."""

    name: BackboneName
    model: _T
    weights_sha256: str
    """Of the file from which they were read; empty for random ones."""
    published_sha256: str
    """Of the pickled file from which that one was made; empty if there is none."""


def load_backbone(
    text: str, *, pool: Pool = Pool.authors, classes: int = 0, dropout: float = 0.0
) -> LoadedBackbone[BackboneModel]:
    """A backbone with the weights that its name asks for, on the CPU, in evaluation mode.

    Args:
        text: `NAME[@WEIGHTS]`, see `BackboneName`.
        pool: how vectors are made.
        classes: outputs of a new head; 0 for none.
        dropout: before the head.

    Raises:
        BackboneError: if there is no such backbone, or the weights are not its own.
        HubError: if published weights cannot be fetched.
        MissingExtraError: if its library is not installed.
    """
    name = BackboneName.parse(text)
    row = find_backbone(name.backbone)
    return _loaded(name, row, lambda: build_backbone(row, classes=classes, pool=pool, dropout=dropout))


def load_backbone_maps(text: str, *, classes: int) -> LoadedBackbone[BackboneMaps]:
    """A backbone with the weights that its name asks for, and a new decoder that gives a class for each pixel.

    Args:
        text: `NAME[@WEIGHTS]`, see `BackboneName`.
        classes: their number.

    Raises:
        BackboneError, HubError, MissingExtraError: as `load_backbone`; also if a decoder could not use its features.
    """
    name = BackboneName.parse(text)
    row = find_backbone(name.backbone).for_maps()
    return _loaded(name, row, lambda: build_backbone_maps(row, classes=classes))


def _loaded(name: BackboneName, row: Backbone, build: Callable[[], _T]) -> LoadedBackbone[_T]:
    """A backbone of a row, filled with the weights that its name asks for."""
    chance = _RANDOM.fullmatch(name.weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(chance[2] or 0) if chance else 0)
        model = build()
    if chance or row.parameters == 0:
        return LoadedBackbone(name, model.eval(), "", "")
    found = _Weights(_state_in(Path(name.weights)), Path(name.weights)) if name.weights else _published(row)
    model.encoder.load(found.state, found.file.name)
    return LoadedBackbone(name, model.eval(), sha256(found.file), found.published_sha256)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights that were read."""

    state: State
    file: Path
    published_sha256: str = ""


def _published(row: Backbone) -> _Weights:
    """The published weights of a row.

    Raises:
        BackboneError: if there are none.
        HubError: if they cannot be fetched.
    """
    if row.weights.startswith(_TIMM):
        start = pretrained_start(row.weights.removeprefix(_TIMM))
        if start.pretrained is not None:
            overlay = {"file": str(start.pretrained.file)}
            network = timm_network(row, name=start.pretrained.name, pretrained=True, pretrained_cfg_overlay=overlay)
            return _Weights(network.state_dict(), start.pretrained.file)
    if is_hub_name(row.weights):
        network = load_model(row.weights).model
        network.reset_classifier(0)  # type: ignore[operator] # timm's models have no common type
        return _Weights(network.state_dict(), fetch(HubName.parse(row.weights), WEIGHTS_FILE))
    match = _ADDRESS.fullmatch(row.weights)
    if match is None:
        raise BackboneError(
            f"backbone {row.name} has no published weights",
            hint=f"give {row.name}@{RANDOM}, {row.name}@FILE.safetensors or, of timm's models, a tag such as "
            "resnet50.a1_in1k",
        )
    pickled = fetch(HubName(match["repo"], match["revision"]), match["file"])
    file, found = _converted(row, pickled, match["file"])
    return _Weights(_state_in(file), file, found)


def _converted(row: Backbone, pickled: Path, file: str) -> tuple[Path, str]:
    """A published pickle as safetensors, made once and kept in the cache; and the pickle's hash.

    Raises:
        BackboneError: if the file is another one than was published, or cannot be converted.
    """
    found = sha256(pickled)
    promised = _PROMISED_HASH.search(file)
    if promised is not None and not found.startswith(promised[1]):
        raise BackboneError(
            f"{file}: has SHA-256 {found[:16]}...; its publishers' name for it promises {promised[1]}",
            hint="remove it from the cache of huggingface_hub, and fetch it again",
        )
    target = cache_folder("backbones") / f"{row.name}-{found[:16]}.safetensors"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic.new_file(target) as partial:
            convert_pickle(pickled, partial)
    return target, found


def convert_pickle(source: Path, target: Path) -> None:
    """Convert a pickled file to safetensors, in a process of its own that reads tensors only.

    Raises:
        BackboneError: if it cannot be converted.
    """
    command = [sys.executable, "-m", "reben.learn.models.pickle_conversion", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"
        raise BackboneError(
            f"{source.name}: cannot be read as tensors only ({reason})",
            hint="the file may be damaged, or hold something else than weights",
        )


def _state_in(file: Path) -> State:
    """Tensors of a safetensors file.

    Raises:
        BackboneError: if it cannot be read.
    """
    if not file.is_file():
        raise BackboneError(f"{file} does not exist", hint="give a safetensors file after the @, or `random`")
    try:
        state: State = load_file(file)
    except (OSError, SafetensorError) as error:
        raise BackboneError(f"{file.name}: is not a safetensors file ({error})", hint=PICKLE_HINT) from error
    return state
