"""Getting a part of a published data set, from the tables to the data folder, for the command and for Python."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reben.core.errors import DiskFullError, EncodeError, MetadataError
from reben.core.release import MAPS_ARCHIVE, METADATA, SNOW_AND_CLOUD_METADATA
from reben.core.wording import in_bytes
from reben.encode.archives import encode_archives
from reben.encode.engine import REPORT_FILE as ENCODE_REPORT_FILE
from reben.encode.specification import Source
from reben.get.by_ranges import FetchPlan, open_values, write_values
from reben.get.folder import GetFolder, expect_wider, report_of
from reben.get.options import GetOptions
from reben.get.published import fetched, md5_of
from reben.get.report import GetReport, RunRecord, SourceRecord, TableRecord
from reben.get.selection import selected
from reben.get.sources import Sources, sources_of
from reben.get.wanted import WantedKeys
from reben.io.archives.place import archive_of
from reben.io.dataset.metadata import flagged, read_metadata, write_metadata
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.io.store import is_store, merge_stores, open_store
from reben.net.retries import RetryPolicy
from reben.version import __version__
from reben.work import atomic
from reben.work.context import Context
from reben.work.disk import free_bytes

_SPARE = 1.02
"""Room on the disk for more than what is estimated."""


@dataclass(frozen=True)
class GetPlan:
    """What would be got, and what that takes."""

    rows: pa.Table
    """Of the chosen patches, as in the metadata tables."""
    tables: tuple[TableRecord, ...]
    wanted: WantedKeys
    sources: Sources

    def counts(self) -> dict[str, dict[str, int]]:
        """Patches per split, country and label, most frequent first."""
        columns = {
            "split": self.rows["split"].to_pylist(),
            "country": self.rows["country"].fill_null("unknown").to_pylist(),
            "label": pc.list_flatten(self.rows["labels"]).to_pylist(),
        }
        return {name: dict(Counter(values).most_common()) for name, values in columns.items()}


@dataclass
class Got:
    """What was got."""

    folder: Path
    report: GetReport
    added: int
    """Values that were not there before."""


@dataclass
class _Job:
    folder: GetFolder
    options: GetOptions
    plan: GetPlan
    context: Context
    policy: RetryPolicy | None
    used: list[SourceRecord] = field(default_factory=list)


def plan_get(
    options: GetOptions,
    context: Context | None = None,
    *,
    tables: Sequence[Path] = (),
    policy: RetryPolicy | None = None,
) -> GetPlan:
    """Choose patches, and where their values come from; nothing is written but the tables into the cache.

    Args:
        options: which patches, and from where.
        context: shows progress.
        tables: metadata tables of another data set than reBEN.
        policy: how often servers are asked again.

    Raises:
        DownloadError: if the published tables cannot be had.
        MetadataError: if a table is wrong, or no patch fits.
        EncodeError: if a source is of no known kind.
    """
    context = context or Context()
    paths, records = _tables(options, context, tables, policy)
    rows = selected(read_metadata(paths), options)
    wanted = WantedKeys.of(rows, options)
    if not wanted.counts:
        raise MetadataError(
            "the chosen patches have none of the values that --bands and --no-maps leave",
            hint="ask for other bands, or for reference maps",
        )
    return GetPlan(rows, records, wanted, sources_of(options.source, wanted.counts))


def get(
    output: Path,
    options: GetOptions,
    context: Context | None = None,
    *,
    tables: Sequence[Path] = (),
    policy: RetryPolicy | None = None,
) -> Got:
    """Get the patches that options ask for into a data folder: a store, its tables, and a report.

    The same call resumes what was interrupted. A call that asks for more adds what is missing.

    Args:
        output: folder to make, or one that was got before.
        options: which patches, and from where.
        context: shows progress, and lines that people should read.
        tables: metadata tables of another data set than reBEN.
        policy: how often servers are asked again.

    Raises:
        MetadataError: if a table is wrong, no patch fits, or the folder holds what is not asked for.
        TargetExistsError: if the folder holds something else, or another process is writing it.
        RebenError: if something cannot be had, or is damaged.
    """
    started = time.monotonic()
    context = context or Context()
    folder = GetFolder(output)
    before = report_of(folder)
    plan = plan_get(options, context, tables=tables, policy=policy)
    with atomic.locked(folder.root / "get"):
        folder.recover()
        chosen = _shown_options(options)
        expect_wider(folder, before, plan.wanted, chosen)
        folder.begin()
        missing = plan.wanted.without(folder.keys())
        job = _Job(folder, options, plan, context, policy)
        if missing.keys:
            _expect_room(folder, plan.wanted, missing)
            _bring(job, missing)
        report = _finish(job, before, chosen, len(missing.keys), time.monotonic() - started)
    return Got(output, report, len(missing.keys))


def expect_output(output: Path, plan: GetPlan, options: GetOptions) -> None:
    """Check that a folder can take what would be got, as `get` itself does first; nothing is made.

    Args:
        output: folder to make, or one that was got before.
        plan: what would be got.
        options: that chose it.

    Raises:
        MetadataError: if the folder holds what is not asked for.
        TargetExistsError: if it holds something else.
    """
    folder = GetFolder(output)
    before = report_of(folder)
    expect_wider(folder, before, plan.wanted, _shown_options(options))


def _shown_options(options: GetOptions) -> dict[str, Any]:
    """The options that choose patches and values, for the report."""
    return options.model_dump(mode="json", exclude={"source", "parallel"})


def _tables(
    options: GetOptions, context: Context, given: Sequence[Path], policy: RetryPolicy | None
) -> tuple[list[Path], tuple[TableRecord, ...]]:
    """The metadata tables, from the cache or fetched, and what is known of them."""
    if given:
        records = [TableRecord(source=str(path.absolute()), md5=md5_of(path), published=False) for path in given]
        return list(given), tuple(records)
    files = (METADATA, SNOW_AND_CLOUD_METADATA) if options.snow_and_cloud else (METADATA,)
    with context.progress("tables", in_bytes=True) as begin:
        progress = begin(sum(file.nbytes or 0 for file in files))
        paths = [fetched(file, policy=policy, progress=progress, tell=context.tell) for file in files]
    return paths, tuple(TableRecord(source=file.address, md5=file.md5, published=True) for file in files)


def _expect_room(folder: GetFolder, wanted: WantedKeys, missing: WantedKeys) -> None:
    """Check the disk before the first byte: a store that grows is written anew.

    Raises:
        DiskFullError: if it is too small.
    """
    there = is_store(folder.data.store)
    needed = int(_SPARE * (missing.disk_bytes + (wanted.disk_bytes if there else 0)))
    free = free_bytes(folder.root)
    if free < needed:
        raise DiskFullError(
            f"{folder.root}: has {in_bytes(free)} free; about {in_bytes(needed)} are needed",
            hint="free some room, choose another folder, or fewer patches (--limit, --per-class)",
        )


def _bring(job: _Job, missing: WantedKeys) -> None:
    """Write the missing values: into the store, or into one beside it, with which it is merged."""
    store = job.folder.data.store
    if not is_store(store):
        _fetch(job, missing, store)
        return
    part, grown = job.folder.part(missing), job.folder.grown(job.plan.wanted)
    if not is_store(grown):
        if not is_store(part):
            _fetch(job, missing, part)
        with job.context.progress("merging") as begin:
            merge_stores([store, part], grown, progress=begin(len(job.plan.wanted.keys)))
    job.folder.become(grown)


def _fetch(job: _Job, missing: WantedKeys, target: Path) -> None:
    """Write values into a new store, from an LMDB file, from archives, or from both."""
    sources = job.plan.sources
    if sources.lmdb is None:
        _from_archives(job, missing, target, "s2", "s1", "maps")
        return
    maps = None
    if missing.only("maps").counts and "maps" in sources.archives:
        place = job.folder.maps(missing)
        if not is_store(place):
            job.plan = replace(job.plan, sources=_with_cached_maps(job))
            _from_archives(job, missing, place, "maps")
        maps = open_store(place)
    planned: list[FetchPlan] = []
    with (
        open_values(sources.lmdb, parallel=job.options.parallel, policy=job.policy) as values,
        job.context.progress("getting") as begin,
    ):
        progress = begin(len(missing.keys))
        count = write_values(values, missing, target, maps=maps, progress=progress, planned=planned.append)
        fetched_bytes, requests = (sum(getattr(plan, name) for plan in planned) for name in ("nbytes", "requests"))
        own = count - len(missing.only("maps").keys) if maps is not None else count
        job.used.append(SourceRecord(source=values.name, values=own, nbytes=fetched_bytes, requests=requests))


def _with_cached_maps(job: _Job) -> Sources:
    """The sources with the published archive of reference maps in the cache, where it is fetched to once."""
    sources = job.plan.sources
    if sources.archive_of("maps").parts != (MAPS_ARCHIVE.address,):
        return sources
    with job.context.progress("reference maps", in_bytes=True) as begin:
        path = fetched(MAPS_ARCHIVE, policy=job.policy, progress=begin(MAPS_ARCHIVE.nbytes or 0), tell=job.context.tell)
    return replace(sources, archives={**sources.archives, "maps": archive_of((path,))})


def _from_archives(job: _Job, missing: WantedKeys, target: Path, *kinds: str) -> None:
    """Write values out of archives into a new store."""
    wanted = missing.only(*kinds)
    parts = [kind for kind in kinds if wanted.only(kind).counts]
    archives = {kind: job.plan.sources.archive_of(kind) for kind in parts}
    chosen = [Source(job.plan.sources.part_of(kind), archive) for kind, archive in archives.items()]
    size = sum(job.plan.sources.nbytes_of(kind) or 0 for kind in parts)
    with job.context.progress("reading archives", in_bytes=True) as begin:
        encode_archives(
            chosen, target, wanted=wanted.keys, progress=begin(size), tell=job.context.tell, policy=job.policy
        )
    job.used += _of_archives(target, {str(archives[kind]): len(wanted.only(kind).keys) for kind in parts})


def _of_archives(store: Path, values: dict[str, int]) -> list[SourceRecord]:
    """What the encoder says of archives that it read."""
    said = read_json(store / ENCODE_REPORT_FILE, error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    records = said.get("archives", []) if isinstance(said, dict) else []
    known = {part["source"]: part for part in records if isinstance(part, dict) and "source" in part}
    return [
        SourceRecord(
            source=source,
            values=count,
            nbytes=known.get(source, {}).get("nbytes") or 0,
            md5=known.get(source, {}).get("md5", ""),
            verified=bool(known.get(source, {}).get("verified", False)),
        )
        for source, count in values.items()
    ]


def _finish(job: _Job, before: GetReport | None, options: dict[str, Any], added: int, seconds: float) -> GetReport:
    """Write tables and report, and remove what is no longer needed; nothing changes where nothing was added."""
    data, rows, wanted = job.folder.data, job.plan.rows, job.plan.wanted
    if before is not None and not added and before.keys_sha256 == wanted.sha256 and data.tables:
        job.folder.remove_work()
        return before
    hidden = flagged(rows)
    write_metadata(data.metadata, rows.filter(pc.invert(hidden)))
    if pc.any(hidden).as_py():
        write_metadata(data.snow_and_cloud_metadata, rows.filter(hidden))
    run = RunRecord(
        reben=__version__,
        options=options,
        patches=rows.num_rows,
        values_added=added,
        sources=tuple(job.used),
        seconds=round(seconds, 1),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    report = GetReport(
        tables=job.plan.tables,
        patches=rows.num_rows,
        values=wanted.counts,
        keys_sha256=wanted.sha256,
        runs=(*(before.runs if before is not None else ()), run),
    )
    atomic.write_json(job.folder.report, report.model_dump(mode="json"))
    job.folder.remove_work()
    return report
