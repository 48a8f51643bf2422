"""Rows of SatlasPretrain's models: several labels at once, learnt from Sentinel-2 and Sentinel-1 images of the globe.

Sources: Bastani et al., SatlasPretrain, 2023 (arXiv 2211.15660); its document on normalisation: red, green and blue are
ESA's 8-bit true-colour image of L1C, divided by 255; other bands are divided by 8160 and limited to 1. ESA's image
reaches 255 at a reflectance of 0.3558. torchgeo pads smaller images with zeros to 256 pixels; ours are resized.

The rows of Sentinel-1 are left out: they were trained on amplitudes in 16 bits, which decibels on reBEN's grid do not
give back.
"""

from collections.abc import Mapping
from typing import Any

from reben.core.bands import TRUE_COLOUR
from reben.learn.backbones.networks import Network, described
from reben.learn.backbones.row import Backbone, Values

TRUE_COLOUR_GAIN = 255 / 3558
"""From reflectance times 10,000 to ESA's 8-bit true-colour image of L1C."""
_BANDS = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
_ADDRESS = "https://hf.co/torchgeo/satlas/resolve/081d6607431bf36bdb59c223777cbb267131b8f2/sentinel2_"
_NETWORK_BYTES = 255.0
_EIGHTH = 255 / 8160

EIGHT_BIT = Values(
    "8 bits: ESA's true colour, other bands over 32; divided by 255",
    gain=(TRUE_COLOUR_GAIN,) * 3 + (_EIGHTH,) * 6,
    limits=(0.0, 255.0),
    whole=True,
    std=(_NETWORK_BYTES,),
)
"""Nine bands as SatlasPretrain has them."""
_TRUE_COLOUR = Values(
    "8 bits: ESA's true colour, divided by 255",
    gain=(TRUE_COLOUR_GAIN,),
    limits=(0.0, 255.0),
    whole=True,
    std=(_NETWORK_BYTES,),
)
_COMMON: Mapping[str, Any] = {
    "resize_px": 256,
    "radiometry": "L1C (top of atmosphere), without processing offset; reBEN is L2A, whose true colour is darker",
    "licence": "Apache-2.0",
    "citation": "arXiv:2211.15660",
    "repository": "https://github.com/allenai/satlas",
}
_SWIN = {"swin_v2_t": ("Swin-T", 768, 27_577_962, 1_536), "swin_v2_b": ("Swin-B", 1024, 86_899_704, 2_048)}
"""Of torchvision's networks: title, dimensions, weights without those that see bands, and weights per band."""


def _swin_row(  # noqa: PLR0917 - a table
    network: str, channels: tuple[str, ...], kind: str, images: str, enum: str, file: str
) -> Backbone:
    title, dimensions, weights, per_band = _SWIN[network]
    return Backbone(
        name=f"satlas-{title.lower().replace('-', '')}-{kind}-{images}",
        title=f"SatlasPretrain {title}, {kind.upper()}, {_IMAGES[images]}",
        library="torchvision",
        architecture=network,
        encoder="reben.learn.backbones.torchvision_networks:swin",
        channels=channels,
        values=EIGHT_BIT if len(channels) > len(TRUE_COLOUR) else _TRUE_COLOUR,
        dimensions=dimensions,
        parameters=weights + per_band * len(channels),
        weights=_ADDRESS + file,
        enum=enum,
        **_COMMON,
    )


def _resnet_row(  # noqa: PLR0917 - a table
    network: Network, channels: tuple[str, ...], kind: str, images: str, enum: str, file: str
) -> Backbone:
    return described(
        network,
        name=f"satlas-{network.short}-{kind}-{images}",
        title=f"SatlasPretrain {network.title}, {kind.upper()}, {_IMAGES[images]}",
        channels=channels,
        values=EIGHT_BIT if len(channels) > len(TRUE_COLOUR) else _TRUE_COLOUR,
        weights=_ADDRESS + file,
        enum=enum,
        **_COMMON,
    )


_IMAGES = {"si": "of single images", "mi": "of several images of one place"}
_50, _152 = Network("resnet50", "ResNet-50"), Network("resnet152", "ResNet-152")

ROWS: tuple[Backbone, ...] = (
    _resnet_row(_50, _BANDS, "s2", "si", "ResNet50_Weights.SENTINEL2_SI_MS_SATLAS", "resnet50_si_ms-1f454cc6.pth"),
    _resnet_row(_50, _BANDS, "s2", "mi", "ResNet50_Weights.SENTINEL2_MI_MS_SATLAS", "resnet50_mi_ms-da5413d2.pth"),
    _resnet_row(_50, TRUE_COLOUR, "rgb", "si", "ResNet50_Weights.SENTINEL2_SI_RGB_SATLAS",
                "resnet50_si_rgb-45fc6972.pth"),
    _resnet_row(_50, TRUE_COLOUR, "rgb", "mi", "ResNet50_Weights.SENTINEL2_MI_RGB_SATLAS",
                "resnet50_mi_rgb-e79bb7fe.pth"),
    _resnet_row(_152, _BANDS, "s2", "si", "ResNet152_Weights.SENTINEL2_SI_MS_SATLAS", "resnet152_si_ms-4500c6cb.pth"),
    _resnet_row(_152, _BANDS, "s2", "mi", "ResNet152_Weights.SENTINEL2_MI_MS_SATLAS", "resnet152_mi_ms-fd35b4bb.pth"),
    _swin_row("swin_v2_t", _BANDS, "s2", "si", "Swin_V2_T_Weights.SENTINEL2_SI_MS_SATLAS", "swint_si_ms-bc68e396.pth"),
    _swin_row("swin_v2_t", _BANDS, "s2", "mi", "Swin_V2_T_Weights.SENTINEL2_MI_MS_SATLAS", "swint_mi_ms-d8c659e3.pth"),
    _swin_row("swin_v2_b", _BANDS, "s2", "si", "Swin_V2_B_Weights.SENTINEL2_SI_MS_SATLAS", "swinb_si_ms-fe22a12c.pth"),
    _swin_row("swin_v2_b", _BANDS, "s2", "mi", "Swin_V2_B_Weights.SENTINEL2_MI_MS_SATLAS", "swinb_mi_ms-39c86721.pth"),
    _swin_row("swin_v2_b", TRUE_COLOUR, "rgb", "si", "Swin_V2_B_Weights.SENTINEL2_SI_RGB_SATLAS",
              "swinb_si_rgb-156a98d5.pth"),
    _swin_row("swin_v2_b", TRUE_COLOUR, "rgb", "mi", "Swin_V2_B_Weights.SENTINEL2_MI_RGB_SATLAS",
              "swinb_mi_rgb-4efa210c.pth"),
)  # fmt: skip
"""Rows of Sentinel-2."""
