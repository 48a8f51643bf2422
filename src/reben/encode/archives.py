"""Encode archives as they come, from disk or address: read once, never unpacked, into the store that folders give.

All sources are merged by key: an archive waits while another has what comes next. Where all samples of a checkpoint
are written, an interrupted run goes on there.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from reben.core.errors import EncodeError
from reben.encode.archive_run import (
    ArchiveRun,
    Job,
    OpenedSource,
    ReadBytes,
    UnsortedError,
    described_keys,
    identity_of,
    remove_all_notes,
)
from reben.encode.archived_part import Wanted
from reben.encode.engine import REPORT_FILE, EncodeResult, plan_encoding, read_result, requests_of, root_name
from reben.encode.finished import may_be_finished
from reben.encode.specification import Source
from reben.encode.unsorted import collect, collected_folder
from reben.io.archives.place import Archive
from reben.io.archives.source import ArchiveSource
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.io.store import DATA_FILE, resume_store
from reben.net.retries import RetryPolicy
from reben.work import atomic
from reben.work.progress import Advance, unseen


def encode_archives(
    sources: Sequence[Source],
    target: Path,
    *,
    wanted: Wanted = None,
    skip_errors: bool = False,
    progress: Advance = unseen,
    tell: Callable[[str], None] = lambda _: None,
    policy: RetryPolicy | None = None,
) -> EncodeResult:
    """Write the samples of archives, and of folders beside them, into a new store, or resume an interrupted one.

    The store has the bytes that encoding the unpacked folders gives. Archives are read in one pass, with some tens of
    megabytes of memory, if they are sorted, as the published ones are. The files of others are collected beside the
    target first, which takes as much room on the disk as they do.

    Args:
        sources: parts of a data set, with their archives or folders.
        target: directory of the new store; appears when all is written.
        wanted: keys to take, or a test of keys; the others are left out undecoded. Keys given by name must all be
            there, and an archive is read no further than to the last of them.
        skip_errors: leave out samples that cannot be read, and name them in the report.
        progress: called with the number of compressed bytes just read.
        tell: called with lines that people should read.
        policy: how often servers are asked again.

    Raises:
        ArchiveError, DownloadError: if an archive cannot be read or had, or is not what is published.
        EncodeError: if a file is missing, has a wrong size or data type, or there is nothing to encode.
        RasterError: if a file is damaged.
        StoreError: if the store cannot be written, or an interrupted one was begun from something else.
        TargetExistsError: if there is something else at `target`.
    """
    if not sources:
        raise EncodeError("nothing to encode", hint="give one folder or archive at least")
    if not may_be_finished(target, (REPORT_FILE,)):
        atomic.expect_free(target)
    job = Job(target, wanted, skip_errors, progress, tell)
    with ExitStack() as held:
        opened = [_open(number, source, held, tell, policy) for number, source in enumerate(sources)]
        result = _finished(job, opened)
        while result is None:
            try:
                result = _encode(job, opened)
            except UnsortedError as unsorted:  # each archive once: what is collected is sorted
                _collect(job, unsorted.opened)
        collected = [collected_folder(target, number) for number in range(len(opened))]
        for folder in collected:
            atomic.remove_attempts(folder)
        atomic.remove_attempts(target, *collected)
    return result


def _open(
    number: int, source: Source, held: ExitStack, tell: Callable[[str], None], policy: RetryPolicy | None
) -> OpenedSource:
    if isinstance(source.root, Archive):
        return OpenedSource(number, source, held.enter_context(ArchiveSource(source.root, tell, policy)))
    requests, _ = requests_of(plan_encoding([source]))
    return OpenedSource(number, source, None, requests=requests)


def _finished(job: Job, opened: Sequence[OpenedSource]) -> EncodeResult | None:
    """What was done when the same command was given before and ended well; None if it did not."""
    path = job.target / REPORT_FILE
    if not path.is_file() or not (job.target / DATA_FILE).is_file():
        return None
    said = read_json(path, error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    folders = any(source.archive is None for source in opened)  # whose files may have changed
    is_same = isinstance(said, dict) and said.get("identity") == identity_of(job, opened)
    return read_result(job.target) if is_same and not folders and not callable(job.wanted) else None


def _origin(job: Job, opened: Sequence[OpenedSource]) -> str:
    """What is written, for the note of an unfinished store."""
    parts = [", ".join(str(value) for value in part.values() if value) for source in opened for part in source.identity]
    return f"{'; '.join(parts)}; keys: {described_keys(job.wanted)}"


def _collect(job: Job, opened: OpenedSource) -> None:
    """Sort an archive by collecting its files in a store, and discard what was written without it."""
    if opened.archive is None:
        raise EncodeError(f"{root_name(opened.source)}: is not sorted")
    job.tell(
        f"note: {opened.archive.archive}: its patches are not sorted; their files are collected beside "
        f"{job.target.name} first, which takes room on the disk"
    )
    atomic.discard_unfinished(job.target)
    folder = collected_folder(job.target, opened.number)
    advance = ReadBytes([opened], job.progress)
    collect(opened.archive, opened.source.part, folder, wanted=job.wanted, progress=advance)


def _encode(job: Job, opened: Sequence[OpenedSource]) -> EncodeResult:
    """Write everything in the order of the keys.

    Raises:
        UnsortedError: if an archive has another order.
    """
    with resume_store(job.target, origin=_origin(job, opened)) as store:
        if (store.directory / REPORT_FILE).is_file():  # killed when all was written
            remove_all_notes(store.directory)
            return read_result(store.directory)
        run = ArchiveRun(job, opened, store)
        run.write()
        for source in opened:
            if source.archive is not None:
                source.archive.hash_again()
        return run.finish()
