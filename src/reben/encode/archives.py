"""Encode archives as they come, from disk or address: read once, never unpacked, into the store that folders give.

All sources are merged by key: an archive waits while another has what comes next. Where all samples of a checkpoint
are written, an interrupted run goes on there.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from heapq import merge
from itertools import count
from pathlib import Path
from typing import Any

from reben.core.errors import EncodeError
from reben.encode.archive_notes import (
    Batches,
    last_batch,
    note_batch,
    read_checkpoint,
    remove_notes,
    write_checkpoint,
)
from reben.encode.archived_part import ArchivedPart, OutOfOrderError, Wanted, takes
from reben.encode.engine import (
    REPORT_FILE,
    SKIPPED_FILE,
    EncodeResult,
    Progress,
    Skipped,
    nothing_readable,
    plan,
    read_result,
    requests_of,
    root_name,
)
from reben.encode.finished import may_be_finished
from reben.encode.reading import Batch, Request, read_as_they_come
from reben.encode.specification import Source
from reben.encode.unsorted import collect, collected_folder, collected_samples, is_collected
from reben.encode.values import ValueReader
from reben.io.archives.place import Archive
from reben.io.archives.source import ArchiveSource
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.io.store import StoreWriter, resume_store
from reben.net.retries import RetryPolicy
from reben.version import __version__
from reben.work import atomic


@dataclass
class _Opened:
    """A source that is being encoded."""

    number: int
    source: Source
    archive: ArchiveSource | None
    """None for a folder."""
    part: ArchivedPart | None = None
    """Set while the archive is read in the order of its members."""
    requests: Sequence[Request] = ()
    """Of a folder."""

    @property
    def identity(self) -> list[dict[str, Any]]:
        if self.archive is not None:
            return self.archive.identity
        return [{"source": root_name(self.source), "samples": len(self.requests)}]


@dataclass(frozen=True, slots=True)
class _Job:
    """What is asked for."""

    target: Path
    wanted: Wanted
    skip_errors: bool
    progress: Progress
    tell: Callable[[str], None]


def encode_archives(
    sources: Sequence[Source],
    target: Path,
    *,
    wanted: Wanted = None,
    skip_errors: bool = False,
    progress: Progress = lambda _: None,
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
    job = _Job(target, wanted, skip_errors, progress, tell)
    with ExitStack() as held:
        opened = [_open(number, source, held, tell, policy) for number, source in enumerate(sources)]
        result = _finished(job, opened)
        for _ in count() if result is None else ():
            try:
                result = _encode(job, opened)
            except _UnsortedError as unsorted:
                _collect(job, unsorted.opened)
                continue
            break
        collected = [collected_folder(target, number) for number in range(len(opened))]
        for folder in collected:
            atomic.remove_attempts(folder)
        atomic.remove_attempts(target, *collected)
    return result if result is not None else read_result(target)


class _UnsortedError(Exception):
    """A source is not in the order of its keys."""

    def __init__(self, opened: _Opened) -> None:
        super().__init__()
        self.opened = opened


def _open(
    number: int, source: Source, held: ExitStack, tell: Callable[[str], None], policy: RetryPolicy | None
) -> _Opened:
    if isinstance(source.root, Archive):
        return _Opened(number, source, held.enter_context(ArchiveSource(source.root, tell, policy)))
    requests, _ = requests_of(plan([source]))
    return _Opened(number, source, None, requests=requests)


def _finished(job: _Job, opened: Sequence[_Opened]) -> EncodeResult | None:
    """What was done when the same command was given before and ended well; None if it did not."""
    path = job.target / REPORT_FILE
    if not path.is_file() or not (job.target / "data.mdb").is_file():
        return None
    said = read_json(path, error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    folders = any(source.archive is None for source in opened)  # whose files may have changed
    is_same = isinstance(said, dict) and said.get("identity") == _identity(job, opened)
    return read_result(job.target) if is_same and not folders and not callable(job.wanted) else None


def _described(wanted: Wanted) -> str:
    """Which keys are wanted, for notes: equal for equal sets."""
    if wanted is None:
        return "all"
    if callable(wanted):
        return "a test"
    return hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()


def _identity(job: _Job, opened: Sequence[_Opened]) -> dict[str, Any]:
    """What decides the content of the store."""
    return {"sources": [part for source in opened for part in source.identity], "keys": _described(job.wanted)}


def _origin(job: _Job, opened: Sequence[_Opened]) -> str:
    """What is written, for the note of an unfinished store."""
    parts = [", ".join(str(value) for value in part.values() if value) for source in opened for part in source.identity]
    return f"{'; '.join(parts)}; keys: {_described(job.wanted)}"


def _collect(job: _Job, opened: _Opened) -> None:
    """Sort an archive by collecting its files in a store, and discard what was written without it."""
    if opened.archive is None:
        raise EncodeError(f"{root_name(opened.source)}: is not sorted")
    job.tell(
        f"note: {opened.archive.archive}: its patches are not sorted; their files are collected beside "
        f"{job.target.name} first, which takes room on the disk"
    )
    atomic.discard_unfinished(job.target)
    folder = collected_folder(job.target, opened.number)
    advance = _Advance([opened], job.progress)
    collect(opened.archive, opened.source.part, folder, wanted=job.wanted, progress=advance)


class _Advance:
    """Tells how much of the archives was read since it was called last."""

    def __init__(self, opened: Sequence[_Opened], progress: Progress) -> None:
        self._archives = [source.archive for source in opened if source.archive is not None]
        self._progress = progress
        self._told = self._taken()

    def __call__(self) -> None:
        taken = self._taken()
        self._progress(taken - self._told)
        self._told = taken

    def _taken(self) -> int:
        return sum(archive.taken for archive in self._archives)


def _encode(job: _Job, opened: Sequence[_Opened]) -> EncodeResult:
    """Write everything in the order of the keys.

    Raises:
        _UnsortedError: if an archive has another order.
    """
    with resume_store(job.target, origin=_origin(job, opened)) as store:
        if (store.directory / REPORT_FILE).is_file():  # killed when all was written
            _remove_notes(store.directory)
            return read_result(store.directory)
        run = _Run(job, opened, store)
        run.write()
        for source in opened:
            if source.archive is not None:
                source.archive.hash_again()
        return run.finish()


@dataclass
class _Run:
    """One attempt to write a store."""

    job: _Job
    opened: Sequence[_Opened]
    store: StoreWriter
    batches: Batches = field(init=False)
    skipped: Skipped = field(init=False)

    def __post_init__(self) -> None:
        self.batches = last_batch(self.store.directory, self.store.count)
        self.skipped = Skipped(self.store.directory / SKIPPED_FILE)
        self.skipped.forget(key for key in list(self.skipped.errors) if key > self.batches.last)
        self._readers = tuple(ValueReader(source.source.part) for source in self.opened)
        self._advance = _Advance(self.opened, self.job.progress)

    def write(self) -> None:
        """Write one batch while the next is made.

        Raises:
            _UnsortedError: if an archive is not sorted.
        """
        streams = [self._requests(source, self.batches.last) for source in self.opened]
        requests = _without_twins(merge(*streams, key=lambda request: request.key))
        with ThreadPoolExecutor(1) as executor:
            pending: Future[None] | None = None
            try:
                for batch in read_as_they_come(requests, self._readers):
                    if pending is not None:
                        pending.result()
                        self._written()
                    pending = self._begin(batch, executor)
                if pending is not None:
                    pending.result()
            finally:
                for stream in streams:
                    stream.close()
        self._advance()

    def finish(self) -> EncodeResult:
        """Write the report, and remove the notes.

        Raises:
            EncodeError: if nothing was written.
        """
        result = EncodeResult(self.batches.counts, self.skipped.errors)
        if not self.batches.last:
            raise EncodeError("none of the wanted keys is in the archives", hint="check the keys")
        if not result.counts:
            raise nothing_readable(result)
        atomic.write_json(self.store.directory / REPORT_FILE, self._report(result))
        _remove_notes(self.store.directory)
        return result

    def _requests(self, opened: _Opened, after: str) -> Generator[Request]:
        """What is to be written of a source behind a key, sorted by key.

        Raises:
            _UnsortedError: if it is not sorted.
        """
        if opened.archive is None:
            for request in opened.requests:
                if request.key > after and takes(self.job.wanted, request.key):
                    yield Request(request.key, request.stem, opened.number)
            return
        folder = collected_folder(self.job.target, opened.number)
        if is_collected(folder, opened.archive.identity):
            samples = collected_samples(folder, str(opened.archive.archive), after=after)
        else:
            opened.part = ArchivedPart(
                opened.archive,
                opened.source.part,
                wanted=self.job.wanted,
                after=after,
                checkpoint=read_checkpoint(self.store.directory, opened.number),
                tell=self.job.tell,
            )
            samples = opened.part.samples()
        try:
            for sample in samples:
                yield Request(sample.key, sample.stem, opened.number, sample.content)
        except OutOfOrderError:
            raise _UnsortedError(opened) from None

    def _begin(self, batch: Batch, executor: ThreadPoolExecutor) -> Future[None]:
        """Begin to write a batch.

        Raises:
            RebenError: if a sample cannot be read, and errors are not skipped.
        """
        for key, error in batch.errors:
            if not self.job.skip_errors:
                raise error
            self.skipped.add(key, error)
        counts = Counter(self.batches.counts)
        left_out = {key for key, _ in batch.errors}
        counts.update(self._name(request) for request in batch.requests if request.key not in left_out)
        self.batches = Batches(self.batches.values + len(batch.items), batch.requests[-1].key, dict(counts))
        note_batch(self.store.directory, self.batches)
        return executor.submit(self._write, batch)

    def _write(self, batch: Batch) -> None:
        if batch.items:
            self.store.write(batch.items)

    def _name(self, request: Request) -> str:
        return self.opened[request.reader].source.part.name

    def _report(self, result: EncodeResult) -> dict[str, Any]:
        keys = hashlib.sha256()
        for number, key in enumerate(merge(self.store, sorted(result.skipped))):
            keys.update(f"{chr(10) if number else ''}{key}".encode())
        return {
            "reben": __version__,
            "sources": [root_name(source.source) for source in self.opened],
            "samples": self.store.count + len(result.skipped),
            "keys_sha256": keys.hexdigest(),
            "values": result.counts,
            "skipped": result.skipped,
            "identity": _identity(self.job, self.opened),
            "archives": [
                asdict(report)
                for source in self.opened
                if source.archive is not None
                for report in source.archive.reports
            ],
        }

    def _written(self) -> None:
        """Note how far the sources are written."""
        self._advance()
        for source in self.opened:
            if source.part is not None:
                source.part.written(self.batches.last)
                checkpoint = source.part.checkpoint()
                if checkpoint is not None:
                    write_checkpoint(self.store.directory, source.number, checkpoint)


def _remove_notes(folder: Path) -> None:
    (folder / SKIPPED_FILE).unlink(missing_ok=True)
    remove_notes(folder)


def _without_twins(requests: Iterator[Request]) -> Iterator[Request]:
    """The requests.

    Raises:
        EncodeError: if two have one key.
    """
    before: Request | None = None
    for request in requests:
        if before is not None and before.key == request.key:
            raise EncodeError(f"{request.key} occurs twice: {before.stem} and {request.stem}", hint="give it once")
        yield request
        before = request
