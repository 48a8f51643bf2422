"""Rows of TerraMind, Prithvi and Clay, whose networks TerraTorch builds.

Sources: TerraTorch 1.2 (statistics, order of bands, files), by the authors of TerraMind and Prithvi; TerraMind, arXiv
2504.11171; Prithvi-EO-2.0, arXiv 2412.02732; Prithvi-EO-1.0, arXiv 2310.18660; of Clay, configs/metadata.yaml of
github.com/Clay-foundation/model.
"""

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.learn.backbones.row import Backbone, Values

_MODULE = "reben.learn.backbones.terratorch_networks:"
_SIDE_PX = 224

_Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Means and standard deviations."""

_TERRAMIND_SIZES = {"tiny": 192, "small": 384, "base": 768, "large": 1024}
_TERRAMIND_S1: _Statistics = ((-12.599, -20.293), (5.195, 5.890))
_TERRAMIND_S2: _Statistics = (
    (1390.458, 1503.317, 1718.197, 1853.91, 2199.1, 2779.975, 2987.011, 3083.234, 3132.22, 3162.988, 2424.884,
     1857.648),
    (2106.761, 2141.107, 2038.973, 2134.138, 2085.321, 1889.926, 1820.257, 1871.918, 1753.829, 1797.379, 1434.261,
     1334.311),
)  # fmt: skip
_TERRAMIND_WEIGHTS = {
    ("tiny", "s1"): 5_432_448, ("tiny", "s2"): 5_923_968, ("tiny", "all"): 6_022_464,
    ("small", "s1"): 21_481_728, ("small", "s2"): 22_464_768, ("small", "all"): 22_661_760,
    ("base", "s1"): 85_347_840, ("base", "s2"): 87_313_920, ("base", "all"): 87_707_904,
    ("large", "s1"): 302_516_224, ("large", "s2"): 305_137_664, ("large", "all"): 305_662_976,
}  # fmt: skip
_TERRAMIND_CHANNELS = {"s1": S1_BANDS, "s2": S2_BANDS, "all": (*S1_BANDS, *S2_BANDS)}

_PRITHVI_BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
_PRITHVI_1 = ((775.0, 1081.0, 1229.0, 2497.0, 2204.0, 1611.0), (1282.0, 1270.0, 1399.0, 1368.0, 1292.0, 1155.0))
_PRITHVI_2 = ((1087.0, 1342.0, 1433.0, 2734.0, 1958.0, 1363.0), (2248.0, 2179.0, 2178.0, 1850.0, 1242.0, 1049.0))
_PRITHVI = {
    "prithvi-eo-1.0-100m": (
        "prithvi_eo_v1_100",
        768,
        86_237_184,
        _PRITHVI_1,
        "Prithvi_EO_V1_100M.pt",
        "arXiv:2310.18660",
    ),
    "prithvi-eo-2.0-tiny-tl": ("prithvi_eo_v2_tiny_tl", 192, 5_634_050, _PRITHVI_2, "Prithvi_EO_V2_tiny_TL.pt", ""),
    "prithvi-eo-2.0-100m-tl": ("prithvi_eo_v2_100_tl", 768, 86_237_186, _PRITHVI_2, "Prithvi_EO_V2_100M_TL.pt", ""),
    "prithvi-eo-2.0-300m": ("prithvi_eo_v2_300", 1024, 303_886_336, _PRITHVI_2, "Prithvi_EO_V2_300M.pt", ""),
    "prithvi-eo-2.0-300m-tl": ("prithvi_eo_v2_300_tl", 1024, 303_886_338, _PRITHVI_2, "Prithvi_EO_V2_300M_TL.pt", ""),
    "prithvi-eo-2.0-600m": ("prithvi_eo_v2_600", 1280, 631_188_480, _PRITHVI_2, "Prithvi_EO_V2_600M.pt", ""),
    "prithvi-eo-2.0-600m-tl": ("prithvi_eo_v2_600_tl", 1280, 631_188_482, _PRITHVI_2, "Prithvi_EO_V2_600M_TL.pt", ""),
}
"""TerraTorch's name, dimensions, number of weights, statistics, file, and citation where it is not that of 2.0."""


def _terramind(size: str, sensors: str) -> Backbone:
    parts = {"s1": [_TERRAMIND_S1], "s2": [_TERRAMIND_S2], "all": [_TERRAMIND_S1, _TERRAMIND_S2]}[sensors]
    repository = f"ibm-esa-geospatial/TerraMind-1.0-{size}"
    return Backbone(
        name=f"terramind-{size}-{sensors}",
        title=f"TerraMind 1.0 {size}, {'both sensors' if sensors == 'all' else sensors.upper()}",
        library="terratorch",
        architecture=f"terramind_v1_{size}",
        encoder=f"{_MODULE}terramind",
        channels=_TERRAMIND_CHANNELS[sensors],
        values=Values(
            "reflectance times 10,000 and dB, standardised by the statistics of its training images",
            mean=tuple(number for means, _ in parts for number in means),
            std=tuple(number for _, deviations in parts for number in deviations),
        ),
        resize_px=_SIDE_PX,
        pool="mean over all places",
        dimensions=_TERRAMIND_SIZES[size],
        parameters=_TERRAMIND_WEIGHTS[size, sensors],
        weights=f"https://hf.co/{repository}/resolve/main/TerraMind_v1_{size}.pt",
        enum=f"terramind_v1_{size}",
        radiometry="L2A and GRD; TerraTorch does not say whether its values are without processing offset",
        licence="Apache-2.0",
        citation="arXiv:2504.11171",
        repository=f"https://huggingface.co/{repository}",
    )


def _prithvi(name: str) -> Backbone:
    architecture, dimensions, parameters, (mean, std), file, citation = _PRITHVI[name]
    title = file.removesuffix(".pt").replace("_V1_", "-1.0-").replace("_V2_", "-2.0-").replace("_", "-")
    repository = f"ibm-nasa-geospatial/{title}"
    return Backbone(
        name=name,
        title=title,
        library="terratorch",
        architecture=architecture,
        encoder=f"{_MODULE}prithvi",
        channels=_PRITHVI_BANDS,
        values=Values("reflectance times 10,000, standardised by the statistics of its training images", mean, std),
        resize_px=_SIDE_PX,
        pool="mean over all places",
        dimensions=dimensions,
        parameters=parameters,
        weights=f"https://hf.co/{repository}/resolve/main/{file}",
        enum=architecture,
        radiometry="harmonised Landsat and Sentinel-2 (HLS) at 30 m: surface reflectance without processing offset",
        extra="day and place may be told to the models with TL in their names; they are not" if "-tl" in name else "",
        licence="Apache-2.0",
        citation=citation or "arXiv:2412.02732",
        repository=f"https://huggingface.co/{repository}",
    )


_CLAY = Backbone(
    name="clay-1.0-base-s2",
    title="Clay 1.0 base, S2",
    library="terratorch",
    architecture="clay_v1_base",
    encoder=f"{_MODULE}clay",
    channels=("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"),
    values=Values(
        "reflectance times 10,000, standardised by the statistics of its training images",
        mean=(1105.0, 1355.0, 1552.0, 1887.0, 2422.0, 2630.0, 2743.0, 2785.0, 2388.0, 1835.0),
        std=(1809.0, 1757.0, 1888.0, 1870.0, 1732.0, 1697.0, 1742.0, 1648.0, 1470.0, 1379.0),
    ),
    crop_px=120,
    pool="class token",
    dimensions=768,
    parameters=92_102_144,
    weights="https://hf.co/made-with-clay/Clay-legacy/resolve/main/v1/clay-v1-base.ckpt",
    enum="clay_v1_base",
    radiometry="L2A; its authors do not say whether values are without processing offset",
    extra="wavelengths and the size of a pixel, 10 m; day and place may be told, and are not",
    citation="https://clay-foundation.github.io/model",
    repository="https://huggingface.co/made-with-clay/Clay-legacy",
)

ROWS = (
    *(_terramind(size, sensors) for size in _TERRAMIND_SIZES for sensors in _TERRAMIND_CHANNELS),
    *map(_prithvi, _PRITHVI),
    _CLAY,
)
