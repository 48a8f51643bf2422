"""A whole data set from L2A products: tile by tile, resumable, complete under its name or not there at all.

Everything is written below a hidden folder beside the target. A finished tile leaves its metadata rows there; a build
that was stopped, however it was stopped, goes on with the tiles that have none. At the end the folder gets its name.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reben import __version__
from reben.construct.quality import quality_failures
from reben.construct.tile import TileSettings, build_tile
from reben.core.errors import BuildError, RebenError
from reben.io import atomic
from reben.io.dataset_paths import DatasetPaths
from reben.io.metadata import SCHEMA, write_metadata
from reben.io.processes import worker_pool
from reben.io.safe import open_product

if TYPE_CHECKING:
    from concurrent.futures import Future

REPORT_FILE = "build-report.json"
_STATE = ".build"


@dataclass(frozen=True)
class BuildPlan:
    """Which products become tiles."""

    tiles: dict[str, Path]
    """Product by tile id, sorted."""
    rejected: dict[str, list[str]]
    """Failed quality indicators by tile id."""


@dataclass
class BuildResult:
    """What a build did."""

    patches: dict[str, int] = field(default_factory=dict)
    """Patches per fate, over all tiles."""
    rejected: dict[str, list[str]] = field(default_factory=dict)
    """Failed quality indicators by tile id."""
    failed: dict[str, str] = field(default_factory=dict)
    """Errors by tile id, if they were skipped."""


def plan_build(directories: Sequence[Path]) -> BuildPlan:
    """Find all products and let their quality indicators decide.

    Args:
        directories: folders with `.SAFE` products, as folders or zip files; or products themselves.

    Raises:
        BuildError: if there is no product, or two of the same tile and time.
        ProductError: if the metadata of one cannot be read.
    """
    tiles: dict[str, Path] = {}
    rejected: dict[str, list[str]] = {}
    for path in _find_products(directories):
        product = open_product(path)
        tile = str(product.name.tile)
        if tile in tiles:
            raise BuildError(
                f"{tile}: there are two products of the same tile and time: {tiles[tile]} and {path}",
                hint="keep the one that was processed last",
            )
        tiles[tile] = path
        failures = quality_failures(product.quality)
        if failures:
            rejected[tile] = failures
    if not tiles:
        places = ", ".join(map(str, directories)) or "nowhere"
        raise BuildError(
            f"no L2A product found in {places}", hint="expected folders or zip files named *.SAFE or *.zip"
        )
    return BuildPlan({tile: tiles[tile] for tile in sorted(tiles) if tile not in rejected}, rejected)


def build(
    todo: BuildPlan,
    settings: TileSettings,
    target: Path,
    *,
    parameters: dict[str, Any],
    workers: int = 1,
    threads: int = 1,
    skip_errors: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> BuildResult:
    """Build a data set, or go on with one.

    Args:
        todo: which products.
        settings: rules and inputs.
        target: folder to make.
        parameters: what the user chose, for the report; a build is only resumed with the same.
        workers: tiles that are built at a time, each in a process of its own.
        threads: how many GDAL may use to decode a band.
        skip_errors: go on with the next tile after an error.
        progress: is told how many further tiles are done.

    Raises:
        TargetExistsError: if there is something at `target`, or another process is writing it.
        BuildError: if an earlier build was started with other parameters, or no patch stays.
        RebenError: what was wrong with a tile, unless errors are skipped.
    """
    start = time.perf_counter()
    atomic.expect_free(target)
    with atomic.locked(target):
        folder = target.absolute().with_name(f".{target.absolute().name}.partial")
        _expect_same_parameters(folder, parameters | {"tiles": list(todo.tiles)})
        failed = _build_tiles(
            todo, settings, folder, workers=workers, threads=threads, skip_errors=skip_errors, progress=progress
        )
        result = BuildResult(rejected=todo.rejected, failed=failed)
        rows = _finish_tables(todo, folder, result)
        report = _report(result, rows, folder, parameters) | {"seconds": round(time.perf_counter() - start, 1)}
        atomic.write_json(folder / REPORT_FILE, report)
        shutil.rmtree(folder / _STATE)
        atomic.expect_free(target)
        os.sync()
        folder.rename(target.absolute())
    return result


def _find_products(directories: Sequence[Path]) -> Iterator[Path]:
    for directory in directories:
        if directory.suffix in {".SAFE", ".zip"}:
            yield directory
        elif not directory.is_dir():
            raise BuildError(f"{directory}: is no directory", hint="give a folder with L2A products")
        else:
            yield from sorted(path for path in directory.iterdir() if path.suffix in {".SAFE", ".zip"})


def _expect_same_parameters(folder: Path, parameters: dict[str, Any]) -> None:
    """Note the parameters of a new build, or compare them with those of the one that is resumed.

    Raises:
        BuildError: if they differ.
    """
    path = folder / _STATE / "parameters.json"
    if not path.exists():
        atomic.write_json(path, parameters)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(name for name in parameters | before if parameters.get(name) != before.get(name))
    if changed:
        raise BuildError(
            f"{folder}: an unfinished build was started with other {', '.join(changed)}",
            hint="build with the same parameters to go on, or delete this folder to start again",
        )


def _build_tiles(
    todo: BuildPlan,
    settings: TileSettings,
    folder: Path,
    *,
    workers: int,
    threads: int,
    skip_errors: bool,
    progress: Callable[[int], None],
) -> dict[str, str]:
    """Build what is not there yet; errors by tile id, if they are skipped."""
    missing = {tile: path for tile, path in todo.tiles.items() if not _rows_file(folder, tile).exists()}
    progress(len(todo.tiles) - len(missing))
    failed: dict[str, str] = {}
    pool = worker_pool(workers, preload=[__name__])
    try:
        tasks: dict[str, Future[None]] = {
            tile: pool.submit(_build_one, path, tile, settings, folder, threads) for tile, path in missing.items()
        }
        for tile, task in tasks.items():
            try:
                task.result()
            except RebenError as error:
                if not skip_errors:
                    raise
                failed[tile] = str(error)
            progress(1)
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def _build_one(path: Path, tile: str, settings: TileSettings, folder: Path, threads: int) -> None:
    """Build a tile in a worker; its rows are written last, and say that it is finished."""
    result = build_tile(path, settings, DatasetPaths(folder), threads=threads)
    os.sync()  # a tile that counts as finished must be on the disk
    counts = dict(result.counts) | {"repaired polygons": result.repaired_polygons}
    atomic.write_json(folder / _STATE / f"{tile}.json", counts)
    with atomic.new_file(_rows_file(folder, tile)) as partial:
        pq.write_table(result.rows, partial)


def _rows_file(folder: Path, tile: str) -> Path:
    return folder / _STATE / f"{tile}.parquet"


def _finish_tables(todo: BuildPlan, folder: Path, result: BuildResult) -> pa.Table:
    """Write both metadata tables; all rows.

    Raises:
        BuildError: if there is none.
    """
    finished = [tile for tile in todo.tiles if tile not in result.failed]
    counts: Counter[str] = Counter()
    for tile in finished:
        counts.update(json.loads((folder / _STATE / f"{tile}.json").read_text(encoding="utf-8")))
    result.patches = dict(counts)
    tables = [pq.read_table(_rows_file(folder, tile)).cast(SCHEMA) for tile in finished]
    rows = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    if not rows.num_rows:
        reasons = "; ".join(result.failed.values()) or ", ".join(f"{count} {fate}" for fate, count in counts.items())
        raise BuildError(f"no patch stays ({reasons or 'all products were rejected'})")
    flagged = pc.or_(rows["contains_seasonal_snow"], rows["contains_cloud_or_shadow"])
    paths = DatasetPaths(folder)
    write_metadata(paths.metadata, rows.filter(pc.invert(flagged)))
    write_metadata(paths.snow_and_cloud_metadata, rows.filter(flagged))
    return rows


def _report(result: BuildResult, rows: pa.Table, folder: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """What the build did, for `build-report.json`."""
    tiles = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((folder / _STATE).glob("S2*.json"))
        if path.stem not in result.failed
    }
    return {
        "reben": __version__,
        "parameters": parameters,
        "patches": result.patches,
        "tiles": tiles,
        "rejected tiles": result.rejected,
        "failed tiles": result.failed,
        "kept per split": dict(Counter(rows["split"].to_pylist())),
        "kept per country": dict(Counter(rows["country"].to_pylist())),
        "kept per label": dict(Counter(pc.list_flatten(rows["labels"]).to_pylist())),
    }
