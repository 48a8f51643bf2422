"""reBEN (BigEarthNet v2.0) as published: Sentinel-2 and Sentinel-1 patches and reference maps.

Source: layout and sizes of the published archives `BigEarthNet-S2`, `BigEarthNet-S1` and `Reference_Maps`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.encode.specification import Part, Sample, TensorFile, raster
from reben.io.store import REFERENCE_MAP_TENSOR, reference_map_key

REFERENCE_MAP_SUFFIX = "_reference_map.tif"

_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
_SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"


def _band_file(name: str) -> TensorFile:
    band = BANDS[name]
    return raster(f"_{name}.tif", name, band.side_px(), band.dtype)


def _find_patches(root: Path) -> Iterator[Sample]:
    """Every folder `<root>/<tile or scene>/<patch>/`."""
    for name, path in _find_folders(root):
        yield Sample(name, f"{path}/{name}")


def _find_reference_maps(root: Path) -> Iterator[Sample]:
    for name, path in _find_folders(root):
        yield Sample(reference_map_key(name), f"{path}/{name}")


def _find_folders(root: Path) -> Iterator[tuple[str, str]]:
    """Name and path of each folder two levels below `root`; hidden ones are none of the data set's."""
    with os.scandir(root) as groups:
        for group in groups:
            if group.is_dir() and not group.name.startswith("."):
                with os.scandir(group.path) as patches:
                    for patch in patches:
                        if patch.is_dir() and not patch.name.startswith("."):
                            yield patch.name, patch.path


S2_PATCHES = Part(
    name="Sentinel-2 patches",
    folder="BigEarthNet-S2",
    files=tuple(_band_file(name) for name in S2_BANDS),
    find=_find_patches,
    example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57_B02.tif",
)
S1_PATCHES = Part(
    name="Sentinel-1 patches",
    folder="BigEarthNet-S1",
    files=tuple(_band_file(name) for name in S1_BANDS),
    find=_find_patches,
    example=f"{_SCENE}/{_SCENE}_33UUP_70_48/{_SCENE}_33UUP_70_48_VV.tif",
)
REFERENCE_MAPS = Part(
    name="reference maps",
    folder="Reference_Maps",
    files=(raster(REFERENCE_MAP_SUFFIX, REFERENCE_MAP_TENSOR, 120, "uint16"),),
    find=_find_reference_maps,
    example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57{REFERENCE_MAP_SUFFIX}",
)
