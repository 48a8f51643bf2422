"""The encoder: finds samples, has their files read, writes the values in the order of their keys.

Keys and bytes of the store are the same for any number of workers, and however often the encoding was interrupted.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reben.core.errors import EncodeError, RebenError
from reben.encode.changes import expect_unchanged
from reben.encode.finished import described, is_finished
from reben.encode.reading import Request, batch_start, read_in_order
from reben.encode.specification import Part, Sample, Source
from reben.encode.values import ValueReader
from reben.io.small_files import MOST_REPORT_BYTES, parse_json, read_json, read_text
from reben.io.store import DATA_FILE, StoreWriter, resume_store
from reben.version import __version__
from reben.work import atomic
from reben.work.processes import available_cpus
from reben.work.progress import Advance, unseen

REPORT_FILE = "encode-report.json"
"""In the store's folder: what was encoded, and what was skipped and why."""

_OTHER_ARCHIVES = (".zip", ".7z", ".rar", ".tar.bz2", ".tar.xz", ".tar.lz4", ".zst", ".gz")
_REPORT_HINT = "it may be damaged; encode again"
SKIPPED_FILE = "skipped.jsonl"
_WORTH_PROCESSES = 5000
"""Samples that one process reads in about the time in which further ones start."""


@dataclass(frozen=True, slots=True)
class EncodePlan:
    """All that is to be encoded, sorted by key."""

    samples: tuple[tuple[Sample, Part], ...]
    roots: tuple[str, ...] = ()
    """Folders in which they were found."""

    def counts(self) -> dict[str, int]:
        """Samples per part, by the part's name."""
        return dict(Counter(part.name for _, part in self.samples))

    def slice(self, first: int, end: int) -> "EncodePlan":
        """Some of the samples, by number."""
        return EncodePlan(self.samples[first:end], self.roots)


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """What an encoder did."""

    counts: dict[str, int]
    """Values per part, by the part's name."""
    skipped: dict[str, str]
    """Errors by key, if they were skipped."""


def plan_encoding(sources: Sequence[Source]) -> EncodePlan:
    """Find all samples.

    Raises:
        EncodeError: if no source is given, a root is missing or empty, or a sample lies in two folders.
    """
    if not sources:
        raise EncodeError("nothing to encode", hint="give one folder at least, such as --s2-dir BigEarthNet-S2")
    entries = [(sample, source.part) for source in sources for sample in _find(source)]
    entries.sort(key=lambda entry: (entry[0].key, entry[0].stem))
    for (sample, _), (other, _) in pairwise(entries):
        if sample.key == other.key:
            raise EncodeError(
                f"{sample.key} occurs twice: {Path(sample.stem).parent} and {Path(other.stem).parent}",
                hint="remove one of the two folders",
            )
    return EncodePlan(tuple(entries), tuple(root_name(source) for source in sources))


def root_name(source: Source) -> str:
    """Where a source lies, for notes and reports."""
    return str(source.root.resolve()) if isinstance(source.root, Path) else str(source.root)


def requests_of(plan: EncodePlan) -> tuple[list[Request], tuple[ValueReader, ...]]:
    """What is to be read, and what reads it."""
    parts = tuple({part.name: part for _, part in plan.samples}.values())
    requests = [Request(sample.key, sample.stem, parts.index(part)) for sample, part in plan.samples]
    return requests, tuple(ValueReader(part) for part in parts)


def encode(
    plan: EncodePlan,
    target: Path,
    *,
    workers: int | None = None,
    skip_errors: bool = False,
    may_be_empty: bool = False,
    progress: Advance = unseen,
) -> EncodeResult:
    """Write everything that is planned into a new store, or resume one that was interrupted.

    A store that was made of the same files before is left as it is, and counts as done.

    Workers are processes that import the caller's main module, as all of Python's do that are not forked: a script
    needs the usual `if __name__ == "__main__":`.

    Args:
        plan: what to encode.
        target: directory of the new store; appears when all is written.
        workers: processes that read; by default as many as there are processors, and none beside this one for so few
            samples that starting them would take longer than the work.
        skip_errors: leave out samples that cannot be read, and name them in the report.
        may_be_empty: whether all samples may be left out.
        progress: called as samples are done.

    Raises:
        EncodeError: if a file is missing, has a wrong size or data type, or has changed since it was encoded; or if all
            samples were skipped.
        RasterError: if a file is damaged.
        StoreError: if the store cannot be written, or an interrupted one was begun from other folders.
        TargetExistsError: if there is something else at `target`.
    """
    if (target / DATA_FILE).is_file() and is_finished(plan, target / REPORT_FILE):
        progress(len(plan.samples))
        return read_result(target)
    requests, readers = requests_of(plan)
    with resume_store(target, origin=", ".join(plan.roots)) as store:
        skipped = Skipped(store.directory / SKIPPED_FILE)
        # Whole batches, as they are written: one of which only the first samples were skipped is read again.
        done = batch_start(requests, readers, _count_done(store, requests, skipped))
        skipped.forget(request.key for request in requests[done:])
        expect_unchanged(requests[:done], readers, store.value, begun_ns=store.begun_ns, store=store.directory)
        progress(done)
        if workers is None:
            workers = available_cpus() if len(requests) - done >= _WORTH_PROCESSES else 1
        for batch in read_in_order(requests[done:], readers, workers=workers):
            for key, error in batch.errors:
                if not skip_errors:
                    raise error
                skipped.add(key, error)
            if batch.items:
                store.write(batch.items)
            progress(len(batch.items) + len(batch.errors))
        skipped.path.unlink(missing_ok=True)
        result = _result(plan, skipped)
        if not result.counts and not may_be_empty:
            raise nothing_readable(result)
        _write_report(store.directory / REPORT_FILE, plan, result)
    return result


class Skipped:
    """Samples that could not be read; noted before anything behind them is written, so that interruptions lose none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.errors: dict[str, str] = dict(_read_skipped(path)) if path.exists() else {}

    def forget(self, keys: Iterable[str]) -> None:
        """Take samples out that will be read again."""
        if self.errors:
            again = self.errors.keys() & set(keys)
            if again:
                self.errors = {key: error for key, error in self.errors.items() if key not in again}
                atomic.write_text(self.path, "".join(f"{json.dumps(entry)}\n" for entry in self.errors.items()))

    def add(self, key: str, error: RebenError) -> None:
        """Note a sample."""
        self.errors[key] = str(error)
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps([key, str(error)]) + "\n")  # the line before may have been cut short


def _read_skipped(path: Path) -> Iterator[tuple[str, str]]:
    """Key and error of each whole line; the last one may have been cut short."""
    text = read_text(path, kind="a list of skipped samples", error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    for line in text.splitlines():
        try:
            key, error = parse_json(line)
        except (ValueError, TypeError):
            continue
        yield str(key), str(error)


def _count_done(store: StoreWriter, requests: Sequence[Request], skipped: Skipped) -> int:
    """How many of the first samples an interrupted store has, or has skipped.

    Raises:
        EncodeError: if it has others.
    """
    position = 0
    for key in store:
        while position < len(requests) and requests[position].key in skipped.errors:
            position += 1
        if position == len(requests) or requests[position].key != key:
            raise EncodeError(
                f"{store.directory}: an unfinished store holds {key}, which does not come next in the data set",
                hint="the data set has changed: delete this folder to start again",
            )
        position += 1
    while position < len(requests) and requests[position].key in skipped.errors:
        position += 1
    return position


def _result(plan: EncodePlan, skipped: Skipped) -> EncodeResult:
    counts = Counter(part.name for sample, part in plan.samples if sample.key not in skipped.errors)
    return EncodeResult(dict(counts), skipped.errors)


def nothing_readable(result: EncodeResult) -> EncodeError:
    """The error if all samples were skipped."""
    first = next(iter(result.skipped.values()))
    return EncodeError(f"none of {len(result.skipped):,} samples can be read; the first: {first}")


def _write_report(path: Path, plan: EncodePlan, result: EncodeResult) -> None:
    report = {"reben": __version__, **described(plan), "values": result.counts, "skipped": result.skipped}
    atomic.write_json(path, report)


def read_result(store: Path) -> EncodeResult:
    """What was done when a store was encoded.

    Raises:
        EncodeError: if it has no report, or one that cannot be read.
    """
    path = store / REPORT_FILE
    if not path.exists():
        raise EncodeError(f"{store}: has no {REPORT_FILE}", hint="it was not written by `reben encode`")
    report = read_json(path, error=EncodeError, hint=_REPORT_HINT, most_bytes=MOST_REPORT_BYTES)
    counts, skipped = (report.get(name) if isinstance(report, dict) else None for name in ("values", "skipped"))
    if not (isinstance(counts, dict) and isinstance(skipped, dict) and all(type(n) is int for n in counts.values())):
        raise EncodeError(f"{path}: is not a report of `reben encode`", hint=_REPORT_HINT)
    return EncodeResult(counts, skipped)


def _find(source: Source) -> list[Sample]:
    """Samples of one source.

    Raises:
        EncodeError: if there are none.
    """
    part, root = source.part, source.root
    if not isinstance(root, Path):
        raise EncodeError(f"{root}: is an archive; expected a folder", hint="see reben.encode.archives.encode_archives")
    if not root.is_dir():
        raise _not_a_folder(root, part)
    inside = root / part.folder
    if part.folder and inside.is_dir():
        raise EncodeError(f"{root}: no {part.name} found", hint=f"did you mean {inside}?")
    samples = list(part.layout.find(root))
    if not samples:
        below = next((child for child in sorted(root.iterdir()) if re.fullmatch(part.layout.pattern, child.name)), None)
        named = f", where {part.layout.pattern} describes <sample>" if part.example.startswith("<sample>") else ""
        hint = f"expected files like {root / part.example}{named}" if below is None else f"did you mean {root.parent}?"
        raise EncodeError(f"{root}: no {part.name} found", hint=hint)
    return samples


def _not_a_folder(path: Path, part: Part) -> EncodeError:
    """What is wrong with a path, and what to do: people give the archives that they have downloaded."""
    folder = part.folder or "with the data"
    if path.name.endswith(_OTHER_ARCHIVES) and path.exists():
        hint = f"unpack it first, then give the folder {folder}; .tar.zst, .tar.gz and .tar are read as they are"
        return EncodeError(f"{path}: is an archive of a kind that is not read", hint=hint)
    state = "is not a folder" if path.exists() else "does not exist"
    return EncodeError(f"{path}: {state}", hint=f"give the folder {folder}, or the archive")
