"""reBEN (BigEarthNet v2.0) as published: Sentinel-2 and Sentinel-1 patches and reference maps.

Source: layout and sizes of the published archives `BigEarthNet-S2`, `BigEarthNet-S1` and `Reference_Maps`.
"""

from pathlib import Path

from reben.core.bands import BANDS, PATCH_SIZE_M, REFERENCE_MAP_RESOLUTION_M, S1_BANDS, S2_BANDS
from reben.core.names import PATCH_PATTERN, S1_PATCH_PATTERN
from reben.encode.specification import DatasetSpecification, Part, RasterFile, SampleLayout, Source, raster
from reben.io.store import REFERENCE_MAP_TENSOR, reference_map_key

_NO_PATCH = (
    "give the folder as published: it holds a folder per tile (--s2-dir) or scene (--s1-dir), and these hold a folder "
    "per patch"
)
_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
_SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"

REFERENCE_MAP_SUFFIX = "_reference_map.tif"


def _band_file(name: str, patch_size_m: int) -> RasterFile:
    band = BANDS[name]
    return raster(f"_{name}.tif", name, band.side_px(patch_size_m), band.dtype, is_backscatter=band.sensor == "s1")


_SWAPPED = "it is a patch of the other sensor: are --s1-dir and --s2-dir swapped?"


def bigearthnet(patch_size_m: int = PATCH_SIZE_M) -> DatasetSpecification:
    """reBEN, or a data set like it with patches of another size."""
    s2 = Part(
        name="Sentinel-2 patches",
        option="s2-dir",
        folder="BigEarthNet-S2",
        files=tuple(_band_file(name, patch_size_m) for name in S2_BANDS),
        layout=SampleLayout(PATCH_PATTERN, depth=1, strict=_NO_PATCH, mistaken=((S1_PATCH_PATTERN, _SWAPPED),)),
        example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57_B02.tif",
    )
    s1 = Part(
        name="Sentinel-1 patches",
        option="s1-dir",
        folder="BigEarthNet-S1",
        files=tuple(_band_file(name, patch_size_m) for name in S1_BANDS),
        layout=SampleLayout(S1_PATCH_PATTERN, depth=1, strict=_NO_PATCH, mistaken=((PATCH_PATTERN, _SWAPPED),)),
        example=f"{_SCENE}/{_SCENE}_33UUP_70_48/{_SCENE}_33UUP_70_48_VV.tif",
    )
    maps = Part(
        name="reference maps",
        option="reference-maps-dir",
        folder="Reference_Maps",
        files=(
            raster(REFERENCE_MAP_SUFFIX, REFERENCE_MAP_TENSOR, patch_size_m // REFERENCE_MAP_RESOLUTION_M, "uint16"),
        ),
        layout=SampleLayout(PATCH_PATTERN, depth=1, strict=_NO_PATCH, key_suffix=reference_map_key("")),
        example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57{REFERENCE_MAP_SUFFIX}",
    )
    return DatasetSpecification("bigearthnet", "reBEN (BigEarthNet v2.0)", (s2, s1, maps))


BIGEARTHNET = bigearthnet()
S2_PATCHES, S1_PATCHES, REFERENCE_MAPS = BIGEARTHNET.parts


def sources(*, s2: Path | None = None, s1: Path | None = None, reference_maps: Path | None = None) -> list[Source]:
    """The parts that are given, with their folders."""
    given = ((S2_PATCHES, s2), (S1_PATCHES, s1), (REFERENCE_MAPS, reference_maps))
    return [Source(part, root) for part, root in given if root is not None]
