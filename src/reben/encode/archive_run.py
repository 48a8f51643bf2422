"""One attempt to write archives into a store: all sources merged by key, one batch written while the next is made."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from heapq import merge
from pathlib import Path
from typing import Any

from reben.core.errors import EncodeError
from reben.encode.archive_notes import Batches, last_batch, note_batch, read_checkpoint, remove_notes, write_checkpoint
from reben.encode.archived_part import ArchivedPart, OutOfOrderError, Wanted, takes
from reben.encode.engine import (
    REPORT_FILE,
    SKIPPED_FILE,
    EncodeResult,
    Skipped,
    nothing_readable,
    root_name,
)
from reben.encode.reading import Batch, Request, read_as_they_come
from reben.encode.specification import Source
from reben.encode.unsorted import collected_folder, collected_samples, is_collected
from reben.encode.values import ValueReader
from reben.io.archives.source import ArchiveSource
from reben.io.store import StoreWriter
from reben.version import __version__
from reben.work import atomic
from reben.work.progress import Advance


@dataclass
class OpenedSource:
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
        """What tells its content from others."""
        if self.archive is not None:
            return self.archive.identity
        return [{"source": root_name(self.source), "samples": len(self.requests)}]


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for."""

    target: Path
    wanted: Wanted
    skip_errors: bool
    progress: Advance
    tell: Callable[[str], None]


class UnsortedError(Exception):
    """A source is not in the order of its keys."""

    def __init__(self, opened: OpenedSource) -> None:
        super().__init__()
        self.opened = opened


class ReadBytes:
    """Tells how much of the archives was read since it was called last."""

    def __init__(self, opened: Sequence[OpenedSource], progress: Advance) -> None:
        self._archives = [source.archive for source in opened if source.archive is not None]
        self._progress = progress
        self._told = self._taken()

    def __call__(self) -> None:
        """Tell it."""
        taken = self._taken()
        self._progress(taken - self._told)
        self._told = taken

    def _taken(self) -> int:
        return sum(archive.taken for archive in self._archives)


@dataclass
class ArchiveRun:
    """One attempt to write a store."""

    job: Job
    opened: Sequence[OpenedSource]
    store: StoreWriter
    batches: Batches = field(init=False)
    skipped: Skipped = field(init=False)

    def __post_init__(self) -> None:
        self.batches = last_batch(self.store.directory, self.store.count)
        self.skipped = Skipped(self.store.directory / SKIPPED_FILE)
        self.skipped.forget(key for key in list(self.skipped.errors) if key > self.batches.last)
        self._readers = tuple(ValueReader(source.source.part) for source in self.opened)
        self._advance = ReadBytes(self.opened, self.job.progress)

    def write(self) -> None:
        """Write one batch while the next is made.

        Raises:
            UnsortedError: if an archive is not sorted.
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
        remove_all_notes(self.store.directory)
        return result

    def _requests(self, opened: OpenedSource, after: str) -> Generator[Request]:
        """What is to be written of a source behind a key, sorted by key.

        Raises:
            UnsortedError: if it is not sorted.
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
            raise UnsortedError(opened) from None

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
            "identity": identity_of(self.job, self.opened),
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


def described_keys(wanted: Wanted) -> str:
    """Which keys are wanted, for notes: equal for equal sets."""
    if wanted is None:
        return "all"
    if callable(wanted):
        return "a test"
    return hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()


def identity_of(job: Job, opened: Sequence[OpenedSource]) -> dict[str, Any]:
    """What decides the content of the store."""
    return {"sources": [part for source in opened for part in source.identity], "keys": described_keys(job.wanted)}


def remove_all_notes(folder: Path) -> None:
    """Remove what only an unfinished store needs, the list of skipped samples included."""
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
