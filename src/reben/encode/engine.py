"""The encoder: finds samples, has their files read, writes the values in the order of their keys.

Keys and bytes of the store are the same for any number of workers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reben.core.errors import EncodeError
from reben.encode.reading import Request, ValueReader, read_in_order
from reben.encode.specification import Part, Sample, Source
from reben.io.processes import available_cpus
from reben.io.store import create_store

_WORTH_PROCESSES = 5000
"""Samples that one process reads in about the time in which further ones start."""

Progress = Callable[[int], None]
"""Told how many further samples are written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be encoded, sorted by key."""

    samples: tuple[tuple[Sample, Part], ...]

    def counts(self) -> dict[str, int]:
        """Samples per part, by the part's name."""
        counts: dict[str, int] = {}
        for _, part in self.samples:
            counts[part.name] = counts.get(part.name, 0) + 1
        return counts


def plan(sources: Sequence[Source]) -> Plan:
    """Find all samples.

    Raises:
        EncodeError: if no source is given, a root is missing or empty, or a sample lies in two folders.
    """
    if not sources:
        raise EncodeError("nothing to encode", hint="give one of --s2-dir, --s1-dir and --reference-maps-dir at least")
    entries = [(sample, source.part) for source in sources for sample in _find(source)]
    entries.sort(key=lambda entry: (entry[0].key, entry[0].stem))
    for (sample, _), (other, _) in pairwise(entries):
        if sample.key == other.key:
            raise EncodeError(
                f"{sample.key} occurs twice: {Path(sample.stem).parent} and {Path(other.stem).parent}",
                hint="remove one of the two folders",
            )
    return Plan(tuple(entries))


def encode(todo: Plan, target: Path, *, workers: int | None = None, progress: Progress = lambda _: None) -> None:
    """Write everything that is planned into a new store.

    Workers are processes that import the caller's main module, as all of Python's do that are not forked: a script
    needs the usual `if __name__ == "__main__":`.

    Args:
        todo: what to encode.
        target: directory of the new store; appears when all is written.
        workers: processes that read; by default as many as there are processors, and none beside this one for so few
            samples that starting them would take longer than the work.
        progress: called as samples are written.

    Raises:
        EncodeError: if a file is missing, or has a wrong size or data type.
        RasterError: if a file is damaged.
        StoreError: if the store cannot be written.
        TargetExistsError: if there is something at `target`.
    """
    parts = tuple({part.name: part for _, part in todo.samples}.values())
    readers = tuple(ValueReader(part) for part in parts)
    requests = [Request(sample.key, sample.stem, parts.index(part)) for sample, part in todo.samples]
    if workers is None:
        workers = available_cpus() if len(requests) >= _WORTH_PROCESSES else 1
    with create_store(target) as store:
        for items in read_in_order(requests, readers, workers=workers):
            store.write(items)
            progress(len(items))


def _find(source: Source) -> list[Sample]:
    """Samples of one source.

    Raises:
        EncodeError: if there are none.
    """
    part, root = source.part, source.root
    if not root.is_dir():
        raise EncodeError(f"{root}: is no directory", hint=f"give the folder {part.folder}")
    inside = root / part.folder
    if inside.is_dir():
        raise EncodeError(f"{root}: no {part.name} found", hint=f"did you mean {inside}?")
    samples = list(part.find(root))
    if not samples:
        raise EncodeError(f"{root}: no {part.name} found", hint=f"expected files like {root / part.example}")
    return samples
