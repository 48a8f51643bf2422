"""Real pairs of L1C and L2A of the same ground, cut into patches under ids of reBEN."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from reben.core.bands import BANDS, S2_BANDS
from stand_ins.copies import Patch, Patches

_L1C_ORDER = (*S2_BANDS[:10], "B10", *S2_BANDS[10:])
_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
_SIDE_M = 1200


def level_pairs(folder: Path) -> tuple[Patches, Patches]:
    """Patches at the ground (L2A), and the same above the atmosphere (L1C), of the pairs without an offset."""
    ground: Patches = {}
    above: Patches = {}
    for place, l2a, l1c in _cuts(folder):
        name = f"{_TILE}_{place}"
        ground[name], above[name] = Patch(l2a), Patch(l1c)
    return ground, above


def _cuts(folder: Path) -> Iterator[tuple[str, dict[str, NDArray[Any]], dict[str, NDArray[Any]]]]:
    products = [(_ssl4eo_l2a(folder), _ssl4eo_l1c(folder)), _terramind(folder, "38D_378R_2_3")]
    for number, (l2a, l1c) in enumerate(products):
        side_m = len(l2a["B02"]) * 10
        for left in range(0, side_m - _SIDE_M + 1, _SIDE_M):
            for top in range(0, side_m - _SIDE_M + 1, _SIDE_M):
                place = f"{10 * number + left // _SIDE_M:02d}_{top // _SIDE_M:02d}"
                yield place, _cut(l2a, left, top), _cut(l1c, left, top)


def _cut(bands: dict[str, NDArray[Any]], left_m: int, top_m: int) -> dict[str, NDArray[Any]]:
    cut = {}
    for band, pixels in bands.items():
        step = BANDS[band].resolution_m
        rows, columns = (slice(start // step, (start + _SIDE_M) // step) for start in (top_m, left_m))
        cut[band] = np.maximum(pixels[rows, columns], 1).astype(np.uint16)
    return cut


def _ssl4eo_l2a(folder: Path) -> dict[str, NDArray[Any]]:
    root = folder / "sen2cor_43RCP"
    return {band: _read(root / f"{band.replace('B0', 'B')}.tif")[0] for band in S2_BANDS}


def _ssl4eo_l1c(folder: Path) -> dict[str, NDArray[Any]]:
    images = {path.stem[-3:]: path for path in folder.glob("*.SAFE/GRANULE/*/IMG_DATA/*.jp2")}
    return {band: _read(images[band])[0] for band in S2_BANDS}


def _terramind(folder: Path, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    l2a, l1c = (_read(folder / "terramind" / level / f"{name}.tif") for level in ("S2L2A", "S2L1C"))
    return _native(l2a, S2_BANDS), _native(l1c, _L1C_ORDER)


def _native(image: NDArray[Any], order: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Bands at their own resolution: every second or sixth pixel of what was enlarged to 10 m."""
    found = {}
    for band, pixels in zip(order, image, strict=True):
        if band in BANDS:
            step = BANDS[band].resolution_m // 10
            side = len(pixels) // 12 * 12  # of all resolutions whole pixels
            found[band] = pixels[:side:step, :side:step]
    return found


def _read(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as file:
        return file.read()
