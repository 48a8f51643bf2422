"""reBEN (BigEarthNet v2.0) as published: Sentinel-2 and Sentinel-1 patches and reference maps.

Source: layout and sizes of the published archives `BigEarthNet-S2`, `BigEarthNet-S1` and `Reference_Maps`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.core.errors import EncodeError
from reben.core.names import PATCH_PATTERN, S1_PATCH_PATTERN
from reben.encode.specification import Part, Sample, Source, TensorFile, raster
from reben.io.store import REFERENCE_MAP_TENSOR, reference_map_key

_NO_PATCH = "give the folder as published: it holds a folder per tile or scene, and these hold a folder per patch"

REFERENCE_MAP_SUFFIX = "_reference_map.tif"

_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
_SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"


def _band_file(name: str) -> TensorFile:
    band = BANDS[name]
    return raster(f"_{name}.tif", name, band.side_px(), band.dtype)


def _find_s2(root: Path) -> Iterator[Sample]:
    for name, path in _find_folders(root, PATCH_PATTERN):
        yield Sample(name, f"{path}/{name}")


def _find_s1(root: Path) -> Iterator[Sample]:
    for name, path in _find_folders(root, S1_PATCH_PATTERN):
        yield Sample(name, f"{path}/{name}")


def _find_reference_maps(root: Path) -> Iterator[Sample]:
    for name, path in _find_folders(root, PATCH_PATTERN):
        yield Sample(reference_map_key(name), f"{path}/{name}")


def sources(*, s2: Path | None = None, s1: Path | None = None, reference_maps: Path | None = None) -> list[Source]:
    """The parts that are given, with their folders."""
    given = ((S2_PATCHES, s2), (S1_PATCHES, s1), (REFERENCE_MAPS, reference_maps))
    return [Source(part, root) for part, root in given if root is not None]


def _find_folders(root: Path, pattern: str) -> Iterator[tuple[str, str]]:
    """Name and path of each folder `<root>/<tile or scene>/<patch>/`; hidden ones are none of the data set's.

    Raises:
        EncodeError: if a folder has not the name of a patch.
    """
    is_patch = re.compile(pattern, re.ASCII).fullmatch
    with os.scandir(root) as groups:
        for group in groups:
            if group.is_dir() and not group.name.startswith("."):
                with os.scandir(group.path) as patches:
                    for patch in patches:
                        if patch.is_dir() and not patch.name.startswith("."):
                            if not is_patch(patch.name):
                                raise EncodeError(f"{patch.path}: is no patch", hint=_NO_PATCH)
                            yield patch.name, patch.path


S2_PATCHES = Part(
    name="Sentinel-2 patches",
    folder="BigEarthNet-S2",
    files=tuple(_band_file(name) for name in S2_BANDS),
    find=_find_s2,
    example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57_B02.tif",
)
S1_PATCHES = Part(
    name="Sentinel-1 patches",
    folder="BigEarthNet-S1",
    files=tuple(_band_file(name) for name in S1_BANDS),
    find=_find_s1,
    example=f"{_SCENE}/{_SCENE}_33UUP_70_48/{_SCENE}_33UUP_70_48_VV.tif",
)
REFERENCE_MAPS = Part(
    name="reference maps",
    folder="Reference_Maps",
    files=(raster(REFERENCE_MAP_SUFFIX, REFERENCE_MAP_TENSOR, 120, "uint16"),),
    find=_find_reference_maps,
    example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57{REFERENCE_MAP_SUFFIX}",
)
