"""Hold a data set of GeoTIFFs against its metadata tables and the rules by which it was made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from reben.core.bands import BANDS, REFERENCE_MAP_RESOLUTION_M, S1_BANDS, S2_BANDS, Band
from reben.core.errors import GridError, NameFormatError, RasterError
from reben.core.grid import Bounds, PatchGrid, TileExtent
from reben.core.names import PatchName, tile_of
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band
from reben.io.tiff.patch_files import band_template
from reben.verify.findings import Check, Finding
from reben.verify.patch_check import (
    PRESENT,
    STRAYS,
    PatchFindings,
    PatchRow,
    as_rows,
    check_all,
    check_labels,
    check_pixels,
)
from reben.verify.rules import DatasetRules, read_rules, tables_of
from reben.verify.tables import check_tables
from reben.work.progress import Begin, begin_unseen

_REFERENCE_MAP = Band("reference map", "map", REFERENCE_MAP_RESOLUTION_M, "uint16")


def verify_dataset(root: Path, *, workers: int = 1, start: Begin = begin_unseen) -> list[Check]:
    """Check tables and every file.

    A part that is absent as a whole (such as `Reference_Maps`, when only some of the archives were downloaded) is left
    out, unless the data set has a build report: then it must be complete.

    Args:
        root: data set in the published layout.
        workers: processes that read.
        start: called with the number of patches; returns the progress callback.

    Raises:
        MetadataError: if there is no metadata table, or one cannot be used at all.
    """
    paths = DatasetPaths(root)
    rules = read_rules(paths)
    tables = {path: read_metadata(path, legend=rules.legend) for path in tables_of(root)}
    rows = as_rows(read_metadata(list(tables), legend=rules.legend))
    checker = _Checker(paths, _with_extents(rules, paths, rows), _parts(paths))
    found = check_all(checker.check, rows, workers=workers, start=start)
    for stray in paths.strays({row.patch_id for row in rows}, {row.s1_name for row in rows}):
        found.add(STRAYS, Finding(str(stray), "no row of the metadata tables names it"))
    found.checked[STRAYS] = len(rows)
    return check_tables(tables, rules) + found.as_checks()


@dataclass(frozen=True)
class _Checker:
    """Checks patches, in a worker."""

    paths: DatasetPaths
    rules: DatasetRules
    parts: frozenset[str]
    """Sensors whose files must be there, and `map`."""

    def check(self, rows: Sequence[PatchRow]) -> PatchFindings:
        """Findings of some patches."""
        found = PatchFindings(patches=len(rows))
        for row in rows:
            try:
                patch = PatchName.parse(row.patch_id)
                self._check_patch(row, patch, found)
            except (NameFormatError, GridError) as error:
                found.add(PRESENT, Finding(row.patch_id, str(error)))
        return found

    def _check_patch(self, row: PatchRow, patch: PatchName, found: PatchFindings) -> None:
        extent = self.rules.extents.get(str(patch.tile))
        if extent is None:
            found.add(PRESENT, Finding(row.patch_id, "no patch of its tile has a readable B02"))
            return
        grid = PatchGrid(extent.side_m, self.rules.patch_size_m)
        bounds = grid.bounds(patch.column, patch.row, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
        bands = {}
        for band, path in self._files(row):
            try:
                bands[band.name] = _read(path, band, bounds, extent.crs)
                found.add(PRESENT)
            except RasterError as error:
                found.add(PRESENT, Finding(row.patch_id, str(error)))
        codes = bands.pop(_REFERENCE_MAP.name, None)
        check_pixels(row.patch_id, bands, found)
        if codes is not None:
            check_labels(row, row.patch_id, codes, self.rules, found)

    def _files(self, row: PatchRow) -> Iterator[tuple[Band, str]]:
        """Every file of a patch."""
        for band in S2_BANDS:
            yield BANDS[band], self.paths.s2_file(row.patch_id, band)
        if row.s1_name is not None and "s1" in self.parts:
            for band in S1_BANDS:
                yield BANDS[band], self.paths.s1_file(row.s1_name, band)
        if "map" in self.parts:
            yield _REFERENCE_MAP, self.paths.map_file(row.patch_id)


def _read(path: str, band: Band, bounds: Bounds, crs: str) -> NDArray[Any]:
    """Pixels of a file.

    A file that begins as we would write it needs no GDAL to tell where it lies; every other one is opened with it.

    Raises:
        RasterError: if it is missing, damaged, or has another size, data type or place than expected.
    """
    pixels = read_band(path)
    side_px = round(bounds.right_m - bounds.left_m) // band.resolution_m
    if pixels.shape != (side_px, side_px) or pixels.dtype != band.numpy_dtype:
        raise RasterError(
            f"{path}: has {' x '.join(map(str, pixels.shape))} pixels of {pixels.dtype.name}; "
            f"expected {side_px} x {side_px} of {band.dtype}"
        )
    template = None if band is _REFERENCE_MAP else band_template(band, side_px, crs)
    if template is None or not template.is_file_at(Path(path).read_bytes(), bounds.left_m, bounds.top_m):
        _expect_place(path, bounds, crs)
    return pixels


def _expect_place(path: str, bounds: Bounds, crs: str) -> None:
    """Check where a file lies.

    Raises:
        RasterError: if it lies elsewhere.
    """
    try:
        with rasterio.open(path, driver="GTiff") as source:
            place = tuple(source.bounds)
            if source.crs != rasterio.CRS.from_user_input(crs):
                raise RasterError(f"{path}: has CRS {source.crs}; expected {crs}")
    except RasterioError as error:
        raise RasterError(f"{path}: cannot be read ({error})") from error
    expected = (bounds.left_m, bounds.bottom_m, bounds.right_m, bounds.top_m)
    if not np.allclose(place, expected, rtol=0, atol=0.01):
        raise RasterError(f"{path}: covers {place}; expected {expected}")


def _parts(paths: DatasetPaths) -> frozenset[str]:
    roots = {"s2": paths.s2, "s1": paths.s1, "map": paths.reference_maps}
    return frozenset(name for name, root in roots.items() if name == "s2" or root.is_dir() or paths.report.exists())


def _with_extents(rules: DatasetRules, paths: DatasetPaths, rows: Sequence[PatchRow]) -> DatasetRules:
    """The rules with a place for every tile: where no report says it, that of the first patch that can be read."""
    extents = dict(rules.extents)
    for row in rows:
        tile = tile_of(row.patch_id)
        if tile not in extents:
            place = _extent_of(row.patch_id, paths, rules)
            if place is not None:
                extents[tile] = place
    return replace(rules, extents=extents)


def _extent_of(patch_id: str, paths: DatasetPaths, rules: DatasetRules) -> TileExtent | None:
    """Where the tile of a patch lies; None if the patch cannot be read."""
    try:
        patch = PatchName.parse(patch_id)
        with rasterio.open(paths.s2_file(patch_id, "B02"), driver="GTiff") as source:
            west, north, epsg = source.bounds.left, source.bounds.top, source.crs and source.crs.to_epsg()
    except (NameFormatError, RasterioError):
        return None
    if epsg is None:
        return None
    size_m = rules.patch_size_m
    side_m = rules.side_m(str(patch.tile))
    return TileExtent(f"EPSG:{epsg}", west - size_m * patch.column, north + size_m * patch.row, side_m)
