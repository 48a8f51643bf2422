"""Encoders: networks without a head, each with the same three outputs, whatever library they come from."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import timm
import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from reben.core.bands import IMAGE_RESOLUTION_M, PATCH_SIZE_M
from reben.core.errors import BackboneError
from reben.learn.backbones.row import Backbone, Pool
from reben.learn.tasks.map_decoder import ends_of_quarters

PATCH_PX = PATCH_SIZE_M // IMAGE_RESOLUTION_M
"""Side of an image of reBEN."""
_MAP_AXES = 4
_SHOWN = 3
State = Mapping[str, torch.Tensor]


class Features(NamedTuple):
    """What an encoder makes of a batch."""

    pooled: torch.Tensor
    """As the authors pool it, shape (B, dimensions)."""
    token: torch.Tensor | None
    """The class token, shape (B, dimensions); None where there is none."""
    places: torch.Tensor | None
    """A vector for each place of the image, shape (B, places, dimensions); None where there is none."""

    def vector(self, pool: Pool, name: str) -> torch.Tensor:
        """One vector per image, shape (B, dimensions).

        Raises:
            BackboneError: if the network `name` cannot be pooled in that way.
        """
        if pool is Pool.authors:
            return self.pooled
        found = self.token if pool is Pool.token else self.places
        if found is None:
            lacking = "no class token" if pool is Pool.token else "no features of places"
            raise BackboneError(f"{name} has {lacking}", hint="leave --pool out, for the pooling of its authors")
        return found if pool is Pool.token else found.mean(dim=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a network has features of one depth."""

    module: nn.Module
    channels: int | None = None
    """Of its features, where that tells in which order their axes are."""
    is_input: bool = False
    """Whether they are what the module takes, and not what it gives."""

    def listen(self, note: Callable[[torch.Tensor], None]) -> RemovableHandle:
        """Call a function with the features whenever the network computes them."""
        if self.is_input:
            return self.module.register_forward_pre_hook(lambda _module, given: note(given[0]))
        return self.module.register_forward_hook(lambda _module, _given, found: note(found))


class Encoder(nn.Module):
    """A network without a head.

    Args:
        network: the library's module.
        heads: beginnings of tensor names that published files may have beside the encoder's, or may lack, since they
            belong to a head.
    """

    def __init__(self, network: nn.Module, *, heads: Iterable[str] = ("fc.", "head.")) -> None:
        super().__init__()
        self.network = network
        self._heads = tuple(heads)

    def forward(self, images: torch.Tensor) -> Features:
        """Features of network inputs, shape (B, channels, side, side)."""
        raise NotImplementedError

    @property
    def prefix_tokens(self) -> int:
        """Number of tokens before those of the places."""
        return 0

    def stages(self) -> list[Stage]:
        """Where features of several depths are, shallow first; empty where there are those of the end only."""
        return []

    def depths(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Features of several depths as maps, shape (B, channels, side, side) each, shallow first.

        Args:
            images: network inputs, shape (B, channels, side, side).

        Raises:
            BackboneError: if the network has no features of places, or they are not a square.
        """
        stages = self.stages()
        found: list[torch.Tensor | None] = [None] * len(stages)
        handles = [stage.listen(partial(found.__setitem__, number)) for number, stage in enumerate(stages)]
        try:
            features = self(images)
        finally:
            for handle in handles:
                handle.remove()
        maps = [
            as_map(taken, self.prefix_tokens, stage.channels)
            for stage, taken in zip(stages, found, strict=True)
            if taken is not None
        ]
        if maps and not stages[-1].is_input:
            return maps
        if features.places is None:
            raise BackboneError(f"{type(self).__name__} has no features of places, which maps are made of")
        return [*maps, as_map(features.places, 0, None)]

    def adapted(self, state: State) -> State:
        """Published tensors under the network's names and in its shapes; as they are, if nothing is to be done."""
        return state

    def load(self, state: State, source: str) -> None:
        """Fill the network with published weights.

        Raises:
            BackboneError: if they are of another architecture, or some are missing.
        """
        state = {name: tensor for name, tensor in self.adapted(state).items() if not name.startswith(self._heads)}
        own = self.network.state_dict()
        needed = {name for name in own if not name.startswith(self._heads)}
        faults = [f"{name} is missing" for name in sorted(needed - state.keys())]
        faults += [f"{name} is not part of it" for name in sorted(state.keys() - needed)]
        faults += [
            f"{name} has shape {list(state[name].shape)} instead of {list(own[name].shape)}"
            for name in sorted(needed & state.keys())
            if state[name].shape != own[name].shape
        ]
        faults += [f"{name} holds NaN or infinity" for name, tensor in state.items() if not tensor.isfinite().all()]
        if faults:
            raise BackboneError(
                f"{source}: are not the weights of this network ({'; '.join(faults[:_SHOWN])})",
                hint="give weights of the row's own architecture and bands, or @random",
            )
        self.network.load_state_dict({**own, **state})


class TimmEncoder(Encoder):
    """Any model of timm."""

    def forward(self, images: torch.Tensor) -> Features:
        """Features before the classifier."""
        network: Any = self.network  # timm's models have no common type
        found = network.forward_features(images)
        pooled = network.forward_head(found, pre_logits=True)
        if found.ndim == _MAP_AXES:  # (B, C, H, W), of Swin (B, H, W, C)
            return Features(pooled, None, _places(found, network.num_features))
        prefix = self.prefix_tokens
        return Features(pooled, found[:, 0] if prefix else None, found[:, prefix:])

    @property
    def prefix_tokens(self) -> int:
        """Class token and registers."""
        return int(getattr(self.network, "num_prefix_tokens", 0))

    def stages(self) -> list[Stage]:
        """Those that timm names, or the ends of the quarters of blocks that are all alike."""
        network: Any = self.network
        info = getattr(network, "feature_info", None)
        known = [] if info is None else [info[number] for number in range(len(info))]
        if len({stage["reduction"] for stage in known}) > 1:
            return [Stage(network.get_submodule(stage["module"]), stage["num_chs"]) for stage in known]
        return quarters(network.blocks) if hasattr(network, "blocks") else []


def timm_encoder(row: Backbone) -> TimmEncoder:
    """A model of timm for the channels of a row and the size of its images.

    Raises:
        BackboneError: if timm has no such model.
    """
    if not timm.is_model(row.architecture):
        raise BackboneError(
            f"timm {timm.__version__} has no model {row.architecture!r}", hint="see timm.list_models() for all names"
        )
    return TimmEncoder(timm_network(row))


def timm_network(row: Backbone, *, name: str = "", **options: Any) -> nn.Module:  # noqa: ANN401 - timm's
    """A model of timm without classifier.

    Args:
        row: says its channels and the size of its images.
        name: with the tag of weights, where they are wanted; else the row's architecture.
        options: of `timm.create_model`.
    """
    known = timm.get_pretrained_cfg(row.architecture)
    if known is not None and known.fixed_input_size:
        options |= {"img_size": _side_px(row)}
    network: nn.Module = timm.create_model(
        name or row.architecture, in_chans=len(row.channels), num_classes=0, **options
    )
    _pad_where_needed(network, _side_px(row))
    return network


def _side_px(row: Backbone) -> int:
    """Side of the images that a network sees of reBEN's patches."""
    side = row.side_px or PATCH_PX
    return side + -side % row.side_multiple


def _pad_where_needed(network: Any, side_px: int) -> None:  # noqa: ANN401 - timm's models have no common type
    """Let a network that takes images of any size pad those that its patches do not divide, as DINOv3's do not 120."""
    embedding = getattr(network, "patch_embed", None)
    patch_px = getattr(embedding, "patch_size", None)
    if embedding is None or patch_px is None or getattr(embedding, "strict_img_size", True):
        return
    if any(side_px % side for side in patch_px):
        embedding.dynamic_img_pad = True


def quarters(blocks: Sequence[nn.Module], *, is_input: bool = False) -> list[Stage]:
    """The ends of the quarters of a network's blocks.

    Args:
        blocks: modules that are called one after the other.
        is_input: take what the block after the end is given, where an end is not the output of a module; the end of
            the last quarter is left out then.
    """
    ends = ends_of_quarters(len(blocks))
    if is_input:
        return [Stage(blocks[end + 1], is_input=True) for end in ends[:-1]]
    return [Stage(blocks[end]) for end in ends]


def as_map(features: torch.Tensor, prefix_tokens: int, channels: int | None) -> torch.Tensor:
    """Features as a map, shape (B, channels, side, side).

    Args:
        features: a map with channels first or last, or tokens, shape (B, tokens, channels).
        prefix_tokens: that stand before those of places.
        channels: tell where a map has them; None for the first axis.

    Raises:
        BackboneError: if the places are not a square.
    """
    if features.ndim == _MAP_AXES:
        return features if channels in {None, features.shape[1]} else features.permute(0, 3, 1, 2)
    places = features[:, prefix_tokens:]
    side = math.isqrt(places.shape[1])
    if side**2 != places.shape[1]:
        raise BackboneError(f"features of {places.shape[1]} places are not those of a square image")
    return places.transpose(1, 2).reshape(len(places), -1, side, side)


def _places(features: torch.Tensor, dimensions: int) -> torch.Tensor:
    """A map of features as a vector per place."""
    if features.shape[1] == dimensions:
        return features.flatten(2).transpose(1, 2)
    return features.flatten(1, 2)


class TokenEncoder(Encoder):
    """A vision transformer with a class token before those of places, and one block after the other."""

    @property
    def prefix_tokens(self) -> int:
        """The class token."""
        return 1

    def blocks(self) -> Sequence[nn.Module]:
        """Its blocks, in their order."""
        network: Any = self.network
        found: Sequence[nn.Module] = network.blocks
        return found

    def stages(self) -> list[Stage]:
        """The ends of the quarters of its blocks."""
        return quarters(self.blocks())


class RawStatistics(Encoder):
    """A control: mean and standard deviation of each band over the image, and nothing learnt."""

    def forward(self, images: torch.Tensor) -> Features:
        """Statistics of each channel, shape (B, 2 * channels)."""
        places = images.flatten(2).transpose(1, 2)
        pooled = torch.cat([places.mean(1), places.std(1, correction=0)], 1)
        return Features(pooled, None, places)


def raw_statistics(_row: Backbone) -> RawStatistics:
    """The control that needs no network."""
    return RawStatistics(nn.Identity())
