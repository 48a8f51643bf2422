"""Footprints of BigEarthNet v1 patches, from the release itself: its JSON files, or its images where they are missing.

A v1 patch is a folder with one GeoTIFF per band and `<name>_labels_metadata.json`, which says where it lies.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyproj
import rasterio
import shapely

from reben.core.errors import MetadataError, RasterError, RebenError
from reben.core.names import V1PatchName
from reben.describe.footprints import Footprints, rings_of
from reben.describe.geotable import ROWS_PER_GROUP, starts
from reben.io.dataset.paths import band_file_suffix
from reben.io.geoparquet import Rows, write_row_groups
from reben.io.small_files import read_json
from reben.io.v1_geometries import write_v1_geometries, zone_file
from reben.work import atomic
from reben.work.progress import Advance, unseen

_JSON_SUFFIX = "_labels_metadata.json"
_BAND = "B02"
_EDGES = ("ulx", "lry", "lrx", "uly")
_HINT = "copy the patch from the release again"
_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class V1Footprints:
    """Where v1 patches lie."""

    names: tuple[str, ...]
    """Sorted."""
    places: Footprints
    skipped: Mapping[str, str]
    """Patches whose place cannot be read, with the reason."""


def find_v1_patches(root: Path) -> list[Path]:
    """Folders of v1 patches, sorted by name: in a folder, or one or two levels below it; empty if there are none."""
    level = [root]
    for _ in range(_DEEPEST + 1):
        below = [Path(entry) for folder in level for entry in os.scandir(folder) if entry.is_dir()]
        found = [path for path in below if V1PatchName.is_name(path.name)]
        if found:
            return sorted(found, key=lambda path: path.name)
        level = below
    return []


def read_v1_footprints(patches: Sequence[Path], *, progress: Advance = unseen) -> V1Footprints:
    """Where v1 patches lie.

    Args:
        patches: their folders.
        progress: called with the number of patches just finished.

    Raises:
        MetadataError: if the place of no patch can be read.
    """
    found: dict[str, tuple[str, tuple[float, ...]]] = {}
    skipped: dict[str, str] = {}
    for patch in patches:
        try:
            found[patch.name] = _place(patch)
        except RebenError as error:
            skipped[patch.name] = str(error)
        progress(1)
    if not found:
        reason = next(iter(skipped.values()), "there is no patch")
        raise MetadataError(f"it is not known where any patch lies: {reason}", hint=_HINT)
    systems = tuple(dict.fromkeys(crs for crs, _ in found.values()))
    system = np.array([systems.index(crs) for crs, _ in found.values()], np.int32)
    bounds = np.array([edges for _, edges in found.values()], np.float64)
    places = Footprints(systems, system, bounds, rings_of(bounds, systems, system))
    return V1Footprints(tuple(found), places, skipped)


def write_zones(target: Path, found: V1Footprints) -> list[Path]:
    """Write a folder with a file per UTM zone, as `--v1-geometries` of build takes it.

    Raises:
        TargetExistsError: if there is something at `target`.
    """
    files = []
    with atomic.new_directory(target) as folder:
        for number, crs in enumerate(found.places.systems):
            rows = np.flatnonzero(found.places.system == number)
            squares = shapely.polygons([_ring(edges) for edges in found.places.bounds_m[rows]])
            write_v1_geometries(folder / zone_file(crs), [found.names[row] for row in rows], squares, crs)
            files.append(target / zone_file(crs))
    return files


def write_names_and_places(target: Path, names: Sequence[str], places: Footprints, *, column: str) -> None:
    """Write one file with names and footprints, in longitude and latitude.

    Args:
        target: GeoParquet file to write.
        names: of the patches.
        places: of the patches.
        column: that the names have in the file.
    """

    def groups() -> Iterator[Rows]:
        for first in starts(len(names)):
            part = places.taken(slice(first, first + ROWS_PER_GROUP))
            table = pa.table({column: pa.array(names[first : first + ROWS_PER_GROUP], pa.string())})
            yield Rows(table, part.polygons(), part.boxes())

    write_row_groups(target, groups(), places.summary())


def _ring(edges: np.ndarray) -> list[tuple[float, float]]:
    left, bottom, right, top = edges.tolist()
    return [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]


def _place(patch: Path) -> tuple[str, tuple[float, ...]]:
    """CRS, and left, bottom, right and top edge in metres.

    Raises:
        MetadataError: if the JSON file says no place.
        RasterError: if there is none, and the image cannot be read.
    """
    file = patch / f"{patch.name}{_JSON_SUFFIX}"
    if not file.exists():
        return _place_of_image(patch / f"{patch.name}{band_file_suffix(_BAND)}")
    content = read_json(file, error=MetadataError, hint=_HINT)
    try:
        edges = tuple(float(content["coordinates"][name]) for name in _EDGES)
        crs = _epsg(str(content["projection"]))
    except (KeyError, TypeError, ValueError, OverflowError, pyproj.exceptions.CRSError) as error:
        raise MetadataError(f"{file}: says no place of a patch ({error!r})", hint=_HINT) from error
    return crs, _expect_square(file, edges)


def _place_of_image(file: Path) -> tuple[str, tuple[float, ...]]:
    """The same, of a GeoTIFF.

    Raises:
        RasterError: if it cannot be read, or has no CRS with an EPSG code.
    """
    try:
        with rasterio.open(file, driver="GTiff") as image:
            crs, edges = image.crs, tuple(image.bounds)
        code = crs.to_epsg() if crs else None
    except rasterio.errors.RasterioError as error:
        raise RasterError(f"{file}: cannot be read ({error})", hint=_HINT) from error
    if code is None:
        raise RasterError(f"{file}: has no CRS with an EPSG code", hint=_HINT)
    return f"EPSG:{code}", _expect_square(file, edges)


def _expect_square(file: Path, edges: tuple[float, ...]) -> tuple[float, ...]:
    """Check the edges of a patch.

    Raises:
        MetadataError: if they are not those of a square.
    """
    left, bottom, right, top = edges
    if not all(map(math.isfinite, edges)) or not right > left or right - left != top - bottom:
        raise MetadataError(f"{file}: {edges} are not the edges of a square patch", hint=_HINT)
    return edges


@lru_cache(maxsize=256)
def _epsg(projection: str) -> str:
    """The code of a CRS, of which a release has a few.

    Raises:
        ValueError: if it has none.
        CRSError: if it is none.
    """
    code = pyproj.CRS.from_user_input(projection).to_epsg()
    if code is None:
        raise ValueError("the projection has no EPSG code")
    return f"EPSG:{code}"
