"""reBEN (BigEarthNet v2.0) as published: Sentinel-2 and Sentinel-1 patches and reference maps.

Source: layout and sizes of the published archives `BigEarthNet-S2`, `BigEarthNet-S1` and `Reference_Maps`.
"""

from pathlib import Path

from reben.core.bands import BANDS, PATCH_SIZE_M, REFERENCE_MAP_RESOLUTION_M, S1_BANDS, S2_BANDS
from reben.core.names import PATCH_PATTERN, REFERENCE_MAP_SUFFIX, S1_PATCH_PATTERN
from reben.encode.specification import DatasetSpecification, Part, RasterFile, SampleLayout, Source, raster, source_at
from reben.io.dataset.paths import MAP_FILE_SUFFIX, MAP_FOLDER, S1_FOLDER, S2_FOLDER, band_file_suffix
from reben.io.store import REFERENCE_MAP_TENSOR

_NO_PATCH = (
    "give the folder as published: it holds a folder per tile (--s2-dir) or scene (--s1-dir), and these hold a folder "
    "per patch"
)
_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
_SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"


def _band_file(name: str, patch_size_m: int) -> RasterFile:
    band = BANDS[name]
    side_px, is_backscatter = band.side_px(patch_size_m), band.sensor == "s1"
    return raster(band_file_suffix(name), name, side_px, band.dtype, is_backscatter=is_backscatter)


_SWAPPED = "it is a patch of the other sensor: are --s1-dir and --s2-dir swapped?"


def bigearthnet(patch_size_m: int = PATCH_SIZE_M) -> DatasetSpecification:
    """reBEN, or a data set like it with patches of another size."""
    s2 = Part(
        name="Sentinel-2 patches",
        option="s2-dir",
        folder=S2_FOLDER,
        files=tuple(_band_file(name, patch_size_m) for name in S2_BANDS),
        layout=SampleLayout(PATCH_PATTERN, depth=1, strict=_NO_PATCH, mistaken=((S1_PATCH_PATTERN, _SWAPPED),)),
        example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57{band_file_suffix('B02')}",
    )
    s1 = Part(
        name="Sentinel-1 patches",
        option="s1-dir",
        folder=S1_FOLDER,
        files=tuple(_band_file(name, patch_size_m) for name in S1_BANDS),
        layout=SampleLayout(S1_PATCH_PATTERN, depth=1, strict=_NO_PATCH, mistaken=((PATCH_PATTERN, _SWAPPED),)),
        example=f"{_SCENE}/{_SCENE}_33UUP_70_48/{_SCENE}_33UUP_70_48{band_file_suffix('VV')}",
    )
    maps = Part(
        name="reference maps",
        option="reference-maps-dir",
        folder=MAP_FOLDER,
        files=(raster(MAP_FILE_SUFFIX, REFERENCE_MAP_TENSOR, patch_size_m // REFERENCE_MAP_RESOLUTION_M, "uint16"),),
        layout=SampleLayout(PATCH_PATTERN, depth=1, strict=_NO_PATCH, key_suffix=REFERENCE_MAP_SUFFIX),
        example=f"{_TILE}/{_TILE}_26_57/{_TILE}_26_57{MAP_FILE_SUFFIX}",
    )
    return DatasetSpecification("bigearthnet", "reBEN (BigEarthNet v2.0)", (s2, s1, maps))


BIGEARTHNET = bigearthnet()
S2_PATCHES, S1_PATCHES, REFERENCE_MAPS = BIGEARTHNET.parts


def sources(
    *, s2: Path | str | None = None, s1: Path | str | None = None, reference_maps: Path | str | None = None
) -> list[Source]:
    """The parts that are given, with their folders or archives, which may be addresses."""
    given = ((S2_PATCHES, s2), (S1_PATCHES, s1), (REFERENCE_MAPS, reference_maps))
    return [source_at(part, root) for part, root in given if root is not None]
