"""A whole data set from L2A products: tile by tile, resumable, complete under its name or not there at all."""

import hashlib
import json
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reben.compare.grounds import grounds_of
from reben.compare.leakage import Leakage, leakage
from reben.construct import report as reports
from reben.construct.changes import changed_file
from reben.construct.finished import finished_report
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.output.geotiffs import GeotiffOutput
from reben.construct.output.store import StoreOutput
from reben.construct.output.tile_output import TileOutput
from reben.construct.overlaps import overlaps
from reben.construct.plan import BuildPlan
from reben.construct.report import BuildReport, TileRecord
from reben.construct.tile import TileResult, TileSettings, build_tile
from reben.construct.workspace import Workspace
from reben.core.errors import BuildError, DiskFullError, RebenError, TargetExistsError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import SPLIT_NAMES, PatchName, TileName
from reben.core.wording import first_of
from reben.describe.footprints import footprints_of
from reben.io.dataset.metadata import flagged, write_metadata
from reben.io.l2a_product import L2aProduct
from reben.io.l2a_sources import open_l2a
from reben.io.qgis_styles import write_code_style
from reben.io.raster_copies import keeping_copies
from reben.io.safe.checksums import comparing
from reben.io.store import create_store, merge_stores
from reben.rules.split_rules import SplitRule, splits_of_groups
from reben.tile.patches import TilePatches
from reben.work import atomic
from reben.work.checksums import sha256_of_all
from reben.work.executors import threads_per_worker
from reben.work.progress import Advance, unseen
from reben.work.run_all import run_all
from reben.work.stage_times import StageTimes


@dataclass
class BuildResult:
    """What a build did."""

    report: BuildReport
    failed: dict[str, str] = field(default_factory=dict)
    """Errors by tile id, if they were skipped."""
    remarks: list[str] = field(default_factory=list)
    """What became known while it was built, such as products without checksums."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker needs to build a tile."""

    product: Path
    tile: str
    inputs: BuildInputs
    workspace: Workspace
    threads: int
    """How many may decode a band, or write files."""
    fingerprint: str
    """Of the input files: a worker of a cluster outlives a build, and the files may change until the next."""
    further: tuple[Path, ...] = ()
    """Products with the pixels that the first one lacks."""

    @property
    def options(self) -> BuildOptions:
        """How it is built."""
        return self.inputs.options


def build(
    plan: BuildPlan,
    inputs: BuildInputs,
    target: Path,
    *,
    executor: Executor,
    remarks: Sequence[str] = (),
    progress: Advance = unseen,
) -> BuildResult:
    """Build a data set, or resume one; one that was built of the same before is left as it is.

    Args:
        plan: which products.
        inputs: what decides what becomes of them, and how; a build is only resumed with the same.
        target: folder to make.
        executor: runs tiles, in other processes or on other machines that see the same files.
        remarks: what else the report should say.
        progress: called with the number of tiles just finished.

    Raises:
        TargetExistsError: if there is something else at `target`, or another process is writing it.
        BuildError: if an earlier build was started with other inputs, a worker died, or no patch stays.
        RebenError: what was wrong with a tile, unless errors are skipped.
    """
    start = time.perf_counter()
    Workspace.clear_remains(target)
    given, options = inputs.parameters(), inputs.options
    parameters = given | _planned(plan, options)
    products = {tile: (path, *plan.further.get(tile, ())) for tile, path in plan.tiles.items()}
    before = finished_report(target, parameters, products, options.s1_dir)
    if before is not None:
        atomic.remove_attempts(target)
        progress(len(plan.tiles))
        return BuildResult(before, before.failed_tiles)
    atomic.expect_free(target)
    with atomic.locked(target):
        workspace = Workspace.of(target)
        workspace.expect_same_parameters(parameters)
        fingerprint = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
        threads = threads_per_worker(options.threads, options.workers, options.scheduler)
        tasks = [
            _Task(path, tile, inputs, workspace, threads, fingerprint, plan.further.get(tile, ()))
            for tile, path in plan.tiles.items()
        ]
        again = _forget_changed(tasks)
        with ThreadPoolExecutor(1) as beside:
            checksums = beside.submit(sha256_of_all, inputs.files())
            failed = _build_tiles(tasks, executor, skip_errors=options.skips_errors, progress=progress)
        failed |= plan.unreadable
        finished = [tile for tile in plan.tiles if tile not in failed]
        rows = _finish_data(workspace, finished, failed, inputs)
        learnt = again + _unchecked(workspace.records(finished), compared=options.checksums)
        report = BuildReport(
            **_of_the_plan(plan),
            **_summary(workspace.records(finished), rows, options.patch_size),
            parameters=parameters,
            inputs=checksums.result(),
            failed_tiles=failed,
            remarks=(*remarks, *learnt),
            seconds=round(time.perf_counter() - start, 1),
        )
        atomic.write_json(workspace.paths.report, report.model_dump(mode="json"))
        atomic.write_text(workspace.paths.summary, reports.as_markdown(report))
        os.sync()
        workspace.become(target)
    return BuildResult(report, failed, learnt)


def _forget_changed(tasks: list[_Task]) -> list[str]:
    """Let finished tiles be built again whose product or Sentinel-1 patches have changed since; say which."""
    said = []
    for task in tasks:
        if task.workspace.is_finished(task.tile):
            products = (task.product, *task.further)
            record = task.workspace.records([task.tile])[task.tile]
            s1_names = task.workspace.rows([task.tile])["s1_name"].to_pylist()
            changed = changed_file(record, products, task.options.s1_dir, s1_names)
            if changed is not None:
                task.workspace.forget(task.tile)
                said.append(f"{task.tile}: built again, as {changed} has changed since this build was begun")
    return said


def _build_tiles(tasks: list[_Task], executor: Executor, *, skip_errors: bool, progress: Advance) -> dict[str, str]:
    """Build what is not there yet; errors by tile id, if they are skipped.

    Raises:
        BuildError: if a worker died.
        RebenError: what was wrong with a tile.
    """
    missing = [task for task in tasks if not task.workspace.is_finished(task.tile)]
    progress(len(tasks) - len(missing))
    failed: dict[str, str] = {}
    for task, outcome in run_all(executor, _build_one, missing, death=_death):
        if isinstance(outcome, RebenError):
            # A tile that another process is still building (a worker of a build that was stopped) has not failed.
            if not skip_errors or isinstance(outcome, DiskFullError | TargetExistsError):
                raise outcome
            failed[task.tile] = str(outcome)
        progress(1)
    return dict(sorted(failed.items()))


def _death(task: _Task) -> BuildError:
    return BuildError(f"a worker died while it built {task.tile}")


def _build_one(task: _Task) -> None:
    """Build a tile in a worker; its rows are written last, and say that it is finished."""
    workspace = task.workspace
    with atomic.locked(workspace.lock_of(task.tile)):
        if workspace.is_finished(task.tile):  # meanwhile: a cluster gives the task of a lost worker to another
            return  # building begins with removing files, and a tile that counts as finished must keep its own
        times = StageTimes()
        products = [open_l2a(path) for path in (task.product, *task.further)]
        settings = _settings(task.inputs, task.fingerprint)
        with (
            keeping_copies(task.options.image_cache),
            _checksums(task, products) as checksums,
            _open_output(task) as output,
        ):
            result = build_tile(task.product, settings, output, further=task.further, threads=task.threads, times=times)
            with times.stage("checksums"):
                sha256, compared = checksums()
                sha256 |= sha256_of_all(result.s1_files)
        with times.stage("sync"):
            os.sync()  # a tile that counts as finished must be on the disk
        record = _record(task, result, times, sha256, compared)
        workspace.finish(task.tile, result.rows, record, cover=result.cover)


@contextmanager
def _checksums(task: _Task, products: Sequence[L2aProduct]) -> Iterator[Callable[[], tuple[dict[str, str], list[str]]]]:
    """Read the products' files beside the block, which asks at its end for SHA-256 by file, and what was compared.

    Raises:
        ProductError: if an image is not what the product's own checksums say.
    """
    with ExitStack() as stack:
        outcomes = [
            stack.enter_context(comparing(product.path, list(product.members.values()), threads=task.threads))
            for product in (products if task.options.checksums else ())
        ]
        beside = stack.enter_context(ThreadPoolExecutor(1))
        sha256 = beside.submit(sha256_of_all, [file for product in products for file in product.files])
        yield lambda: (
            sha256.result(),
            sorted(set.intersection(*(set(compared()) for compared in outcomes or [tuple]))),
        )


@lru_cache(maxsize=1)
def _settings(inputs: BuildInputs, fingerprint: str) -> TileSettings:  # noqa: ARG001 - part of the cache's key
    """Loaded once per worker: all of v1's footprints have some hundred megabytes."""
    return inputs.load()


@contextmanager
def _open_output(task: _Task) -> Iterator[TileOutput]:
    if task.options.format == "geotiff":
        output = GeotiffOutput(task.workspace.paths, task.threads)
        output.clear(TileName.parse(task.tile))
        yield output
        return
    shard = task.workspace.shard(task.tile)
    shutil.rmtree(shard, ignore_errors=True)  # of an attempt that was stopped just before its end
    with create_store(shard) as writer:
        yield StoreOutput(writer)


def _record(
    task: _Task, result: TileResult, times: StageTimes, sha256: dict[str, str], compared: Sequence[str]
) -> TileRecord:
    """What the report says of a tile that is finished now."""
    return TileRecord(
        product=str(task.product),
        joined_with=tuple(map(str, task.further)),
        extent=result.patches.extent,
        patches=dict(result.counts),
        repaired_polygons=result.repaired_polygons,
        largest_gap_h=result.largest_gap_h,
        added_to_numbers=dict(result.offsets),
        seconds={stage: round(seconds, 2) for stage, seconds in times.seconds.items()},
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,  # from KiB
        sha256=sha256,
        compared_with=tuple(compared),
        finished_s=round(time.time(), 3),
    )


def _finish_data(workspace: Workspace, finished: list[str], failed: dict[str, str], inputs: BuildInputs) -> pa.Table:
    """Write all that belongs to no single tile; all metadata rows.

    Raises:
        BuildError: if there is none.
    """
    rows = _divided(workspace.rows(finished), inputs.options.split_rule)
    if not rows.num_rows:
        counts = reports.total_counts(workspace.records(finished).values())
        reasons = "; ".join(failed.values()) or ", ".join(f"{count} {fate}" for fate, count in counts.items())
        raise BuildError(f"no patches are left ({reasons or 'all products were rejected'})")
    if inputs.options.format == "store":
        shutil.rmtree(workspace.paths.store, ignore_errors=True)  # of an attempt that may have had other tiles
        merge_stores([workspace.shard(tile) for tile in finished], workspace.paths.store)
    else:
        workspace.remove_strays(rows)
    hidden = flagged(rows)
    write_metadata(workspace.paths.metadata, rows.filter(pc.invert(hidden)))
    write_metadata(workspace.paths.snow_and_cloud_metadata, rows.filter(hidden))
    cover = workspace.cover(finished)
    if cover is not None:
        with atomic.new_file(workspace.paths.quality) as partial:
            pq.write_table(cover.sort_by("patch_id"), partial, compression="zstd")
    if inputs.options.legend is not None:
        shutil.copyfile(inputs.options.legend, workspace.paths.legend)
    if workspace.paths.reference_maps.is_dir():
        write_code_style(workspace.paths.style, inputs.land_cover_format().legend)
    return rows


def _divided(rows: pa.Table, rule: SplitRule) -> pa.Table:
    """The rows with their splits, where these follow from all patches together.

    Raises:
        SplitError: if there are too few countries or years.
    """
    if rule.is_known_in_tiles or not rows.num_rows:
        return rows
    if rule.by == "country":
        groups = rows["country"].to_pylist()
    else:
        groups = [PatchName.parse(name).tile.sensing_time.year for name in rows["patch_id"].to_pylist()]
    place = rows.schema.get_field_index("split")
    splits = pa.array(splits_of_groups(rule, groups), pa.string())
    return rows.set_column(place, rows.schema.field(place), splits)


def _planned(plan: BuildPlan, options: BuildOptions) -> dict[str, Any]:
    """What of the plan decides whether a build may be resumed."""
    planned: dict[str, Any] = {
        "format": options.format,
        "tiles": {tile: str(path) for tile, path in plan.tiles.items()},
    }
    if plan.further:
        planned["further products"] = {tile: [*map(str, paths)] for tile, paths in plan.further.items()}
    return planned


def _of_the_plan(plan: BuildPlan) -> dict[str, Any]:
    """What the report says before a tile is built."""
    return {
        "format_version": reports.FORMAT_VERSION,
        "versions": reports.versions(),
        "rejected_tiles": {tile: tuple(reasons) for tile, reasons in plan.rejected.items()},
        "left_out": plan.left_out,
    }


def _unchecked(records: dict[str, TileRecord], *, compared: bool) -> list[str]:
    """Says which images were compared with nothing."""
    if not compared:
        return ["images were not compared with the checksums of their products (--no-checksums)"]
    bare = [Path(record.product).name for record in records.values() if not record.compared_with]
    return [f"{first_of(bare)}: without checksums; damage in images may go unnoticed"] if bare else []


def _summary(records: dict[str, TileRecord], rows: pa.Table, patch_size_m: int) -> dict[str, Any]:
    """What can be said of the finished tiles."""
    kept = reports.kept_per(rows)
    tiles = {tile: _patches(tile, record.extent, patch_size_m) for tile, record in records.items()}
    return {
        "patches": reports.total_counts(records.values()),
        "kept_per_split": kept["split"],
        "kept_per_country": kept["country"],
        "kept_per_label": kept["label"],
        "overlaps": tuple(overlaps(rows, tiles)),
        "leakage": _leakage(rows, {tile: record.extent for tile, record in records.items()}, patch_size_m),
        "seconds_per_stage": reports.stage_seconds(records.values()),
        "tiles": records,
    }


def _leakage(rows: pa.Table, extents: Mapping[str, TileExtent], patch_size_m: int) -> Leakage:
    """How near the splits are to one another."""
    grounds = grounds_of(rows["patch_id"], footprints_of(rows["patch_id"], extents, patch_size_m=patch_size_m))
    splits = np.array([SPLIT_NAMES.index(split) for split in rows["split"].to_pylist()], np.int64)
    return leakage("splits of this data set", grounds, splits)


def _patches(tile: str, extent: TileExtent, patch_size_m: int) -> TilePatches:
    return TilePatches(TileName.parse(tile), extent, PatchGrid(extent.side_m, patch_size_m))
