"""What is to be known of a pre-trained model: one row of the table of backbones, without any library imported.

A row says how a network wants its images. `inputs` makes them of what a store holds, the same way for embedding,
training and prediction; a network fed otherwise is another network.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from reben.core.bands import BANDS
from reben.core.errors import BackboneError
from reben.learn.tasks.task import LARGEST_STRIDE


class Pool(StrEnum):
    """How the vector of a patch is made of what an encoder gives."""

    authors = "authors"
    """As the model's authors do, or its library."""
    token = "class"  # noqa: S105 - not a password
    """The class token."""
    mean = "mean"
    """The mean over all places of the image, without class token."""


@dataclass(frozen=True, slots=True)
class Values:
    """How stored values (reflectance times 10,000, backscatter in dB) become what a network is fed.

    In this order: times `gain`, limited, cut to whole numbers; images resized and cropped; less `mean`, divided by
    `std`. Each has one entry per channel, or one for all.
    """

    unit: str
    """What the network was trained on, in words."""
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    gain: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    """Added after the gain."""
    limits: tuple[float, float] | None = None
    whole: bool = False
    """Whether values are cut to whole numbers, as 8-bit images are."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """One row."""

    name: str
    title: str
    library: str
    """Package that builds the network: `timm`, `torchgeo`, `terratorch`, or `reben` for what needs none."""
    architecture: str
    """Its name there."""
    encoder: str
    """Function that builds the network, as `module:function`; it is called with the row, and returns a
    `reben.learn.backbones.encoder.Encoder` with random weights."""
    channels: tuple[str, ...]
    """Order of the inputs, under reBEN's names; a band that reBEN lacks is in `missing`."""
    values: Values
    missing: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """What stands, in stored units, for channels that reBEN lacks."""
    resize_px: int | None = None
    """To which images are resized (bilinear, anti-aliased) before they are cropped; None leaves them."""
    crop_px: int | None = None
    """Side of the middle of the image that the network sees; None takes all of it."""
    side_multiple: int = 1
    """Of what the sides of images have to be a multiple: what is lacking is added by repeating their borders."""
    pool: str = "mean over all places"
    """What the authors' pooling is, in words."""
    dimensions: int | None = None
    """Of a vector, with the authors' pooling; None where only building it tells."""
    parameters: int | None = None
    """Number of weights, without a head."""
    weights: str = ""
    """Address of the published weights, on the Hugging Face hub; empty for none."""
    enum: str = ""
    """The same weights in the library, such as `ResNet18_Weights.SENTINEL2_ALL_MOCO`."""
    radiometry: str = ""
    """What the values were in training, beside reBEN's: level, processing offset, calibration."""
    extra: str = ""
    """Whether anything but the image goes in: day, place, wavelengths."""
    licence: str = "see the repository"
    citation: str = ""
    repository: str = ""

    def __post_init__(self) -> None:
        lacking = [name for name in self.channels if name not in BANDS and name not in self.missing]
        if lacking:
            raise BackboneError(
                f"backbone {self.name}: reBEN has no band {', '.join(lacking)}",
                hint="say in `missing` what stands for it",
            )
        for name in ("mean", "std", "gain", "offset"):
            entries = len(getattr(self.values, name))
            if entries not in {1, len(self.channels)}:
                raise BackboneError(
                    f"backbone {self.name}: {name} has {entries} entries for {len(self.channels)} bands"
                )

    @property
    def bands(self) -> tuple[str, ...]:
        """The channels that a store must have."""
        return tuple(name for name in self.channels if name not in self.missing)

    @property
    def side_px(self) -> int | None:
        """Side of the images that the network sees; None for that of the patch."""
        return self.crop_px or self.resize_px

    def for_maps(self) -> Self:
        """The same row for networks that give a class per pixel: they see the whole patch, and no crop of it.

        Images are resized to the network's own size, or, if it takes any size, padded to a multiple of 32 pixels, which
        no network reduces images further than.
        """
        if self.side_px is None:
            return replace(self, side_multiple=LARGEST_STRIDE)
        return replace(self, resize_px=self.side_px, crop_px=None)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {"values": asdict(self.values), "missing": dict(self.missing)}

    def as_json(self) -> str:
        """The whole row as text, the same for equal rows."""
        return json.dumps(self.as_dict(), sort_keys=True)
