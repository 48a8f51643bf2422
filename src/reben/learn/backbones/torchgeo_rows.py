"""Rows of the networks in `torchgeo_networks`.

Sources: torchgeo 0.8 (addresses, sizes); CROMA's README (limits at two deviations around the mean, 8 bits); DOFA's
README (means and deviations of Satlas's 8-bit bands); of Panopticon and Copernicus-FM the authors say that values are
to be standardised, for which reBEN's own statistics are taken.
"""

from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import S1_BANDS, S2_BANDS, TRUE_COLOUR
from reben.learn.backbones.row import Backbone, Values
from reben.learn.backbones.satlas import EIGHT_BIT, TRUE_COLOUR_GAIN

_HUB = "https://hf.co/torchgeo/"
_MODULE = "reben.learn.backbones.torchgeo_networks:"
_L1C = "L1C (top of atmosphere), without processing offset"
_OWN = "reBEN's own statistics stand for those of the training images"
_NINE = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
_CROMA_SIZES = {
    "base": (768, "CROMABase_Weights.CROMA_VIT", "387883f08af79d777167519c57cd826eda89a16f/CROMA_base-0238d814.pt"),
    "large": (1024, "CROMALarge_Weights.CROMA_VIT", "92cb1a0f4e34c6c01558baf070197c01255382f6/CROMA_large-921e69ad.pt"),
}
_CROMA_WEIGHTS = {
    ("base", "s1"): 47_337_984, ("base", "s2"): 90_342_912, ("base", "all"): 194_365_440,
    ("large", "s1"): 159_647_744, ("large", "s2"): 311_420_928, ("large", "all"): 672_557_056,
}  # fmt: skip


def _standardised(bands: tuple[str, ...], unit: str) -> Values:
    """Values less reBEN's means, over its deviations."""
    known = [PUBLISHED_STATISTICS[band] for band in bands]
    return Values(unit, mean=tuple(s.mean for s in known), std=tuple(s.std for s in known))


def _within_two_deviations(bands: tuple[str, ...]) -> Values:
    """8 bits from two deviations below to two above the mean, divided by 255, as SeCo, SatMAE and CROMA have it."""
    known = [PUBLISHED_STATISTICS[band] for band in bands]
    gain = tuple(255 / (4 * s.std) for s in known)
    return Values(
        "8 bits between mean - 2 and mean + 2 deviations, divided by 255",
        gain=gain,
        offset=tuple(-(s.mean - 2 * s.std) * g for s, g in zip(known, gain, strict=True)),
        limits=(0.0, 255.0),
        whole=True,
        std=(255.0,),
    )


def _croma(size: str, sensors: str) -> Backbone:
    dimensions, enum, file = _CROMA_SIZES[size]
    channels = {"s1": S1_BANDS, "s2": S2_BANDS, "all": (*S1_BANDS, *S2_BANDS)}[sensors]
    return Backbone(
        name=f"croma-{size}-{sensors}",
        title=f"CROMA {size}, {'both sensors' if sensors == 'all' else sensors.upper()}",
        library="torchgeo",
        architecture=f"croma_{size}",
        encoder=f"{_MODULE}croma",
        channels=channels,
        values=_within_two_deviations(channels),
        pool="mean over all places, through CROMA's own layers",
        crop_px=120,
        dimensions=dimensions,
        parameters=_CROMA_WEIGHTS[size, sensors],
        weights=f"{_HUB}croma/resolve/{file}",
        enum=enum,
        radiometry=f"{_L1C}; GRD in dB; {_OWN}",
        licence="MIT",
        citation="arXiv:2311.00566",
        repository="https://github.com/antofuller/CROMA",
    )


def _dofa(size: str, dimensions: int, parameters: int, file: str) -> Backbone:
    return Backbone(
        name=f"dofa-{size}-s2",
        title=f"DOFA {size}, S2",
        library="torchgeo",
        architecture=f"dofa_{size}_patch16_224",
        encoder=f"{_MODULE}dofa",
        channels=_NINE,
        values=Values(
            "8 bits: ESA's true colour, other bands over 32; standardised",
            gain=EIGHT_BIT.gain,
            limits=EIGHT_BIT.limits,
            whole=True,
            mean=(114.1099739, 114.81779093, 126.63977424, 84.33539309, 97.84789168, 103.94461911, 101.435633,
                  72.32804172, 56.66528851),
            std=(77.84352553, 69.96844919, 67.42465279, 64.57022983, 61.72545487, 61.34187099, 60.29744676,
                 47.88519516, 42.55886798),
        ),
        resize_px=224,
        dimensions=dimensions,
        parameters=parameters,
        weights=f"{_HUB}dofa/resolve/b8db318b64a90b9e085ec04ba8851233c5893666/{file}",
        enum=f"DOFA{size.title()}16_Weights.DOFA_MAE",
        radiometry=_L1C,
        extra="wavelengths of the bands",
        citation="arXiv:2403.15356",
        repository="https://github.com/zhu-xlab/DOFA",
    )  # fmt: skip


ROWS: tuple[Backbone, ...] = (
    *(_croma(size, sensors) for size in _CROMA_SIZES for sensors in ("s1", "s2", "all")),
    _dofa("base", 768, 111_312_128, "dofa_base_patch16_224-a0275954.pth"),
    _dofa("large", 1024, 337_105_408, "dofa_large_patch16_224-0ff904d3.pth"),
    Backbone(
        name="panopticon-vitb14-s2",
        title="Panopticon ViT-B/14, S2",
        library="torchgeo",
        architecture="panopticon_vitb14",
        encoder=f"{_MODULE}panopticon",
        channels=S2_BANDS,
        values=_standardised(S2_BANDS, "standardised"),
        resize_px=224,
        pool="class token",
        dimensions=768,
        parameters=98_120_448,
        weights="https://hf.co/lewaldm/panopticon/resolve/c8c2bb9555819e8b2bcedf5b3b00e3bf531554e7/panopticon_vitb14_teacher.pth",
        enum="Panopticon_Weights.VIT_BASE14",
        radiometry=f"several sensors and levels; {_OWN}",
        extra="wavelengths of the bands",
        citation="arXiv:2503.10845",
        repository="https://github.com/Panopticon-FM/panopticon",
    ),
    Backbone(
        name="copernicus-fm-base-s2",
        title="Copernicus-FM base, S2",
        library="torchgeo",
        architecture="copernicusfm_base",
        encoder=f"{_MODULE}copernicus_fm",
        channels=S2_BANDS,
        values=_standardised(S2_BANDS, "standardised"),
        resize_px=224,
        dimensions=768,
        parameters=139_452_544,
        weights="https://huggingface.co/torchgeo/copernicus-fm/resolve/f395812cc990ba25a451dbb9c9e6d95c8482947e/CopernicusFM_ViT_base_varlang-085350e4.pth",
        enum="CopernicusFM_Base_Weights.CopernicusFM_ViT",
        radiometry=f"{_L1C}; {_OWN}",
        extra="wavelengths and widths of the bands; day, place and area are given as unknown",
        citation="arXiv:2503.11849",
        repository="https://github.com/zhu-xlab/Copernicus-FM",
    ),
    Backbone(
        name="scalemae-large-rgb",
        title="Scale-MAE ViT-L/16, RGB",
        library="torchgeo",
        architecture="scalemae_large_patch16",
        encoder=f"{_MODULE}scale_mae",
        channels=TRUE_COLOUR,
        values=Values(
            "8-bit true colour, divided by 255, standardised as ImageNet",
            gain=(TRUE_COLOUR_GAIN / 255,),
            limits=(0.0, 1.0),
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        ),
        resize_px=224,
        pool="class token",
        dimensions=1024,
        parameters=303_301_632,
        weights="https://hf.co/isaaccorley/vit_large_patch16_224_fmow_rgb_scalemae/resolve/9dc7f569424baeb780698352cf6e87638c882123/vit_large_patch16_224_fmow_rgb_scalemae-98ed9821.pth",
        enum="ScaleMAELarge16_Weights.FMOW_RGB",
        radiometry="aerial and satellite images in true colour, of finer resolution than Sentinel-2",
        extra="size of a pixel on the ground",
        citation="arXiv:2212.14532",
        repository="https://github.com/bair-climate-initiative/scale-mae",
    ),
)
"""Rows whose networks need torchgeo."""
