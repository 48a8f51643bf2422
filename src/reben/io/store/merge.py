"""Several stores as one."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import repeat
from pathlib import Path

from reben.core.errors import StoreError
from reben.io.store.reader import open_store
from reben.io.store.writer import create_store
from reben.work.progress import Advance, unseen


def merge_stores(sources: Sequence[Path], target: Path, *, progress: Advance = unseen) -> None:
    """Copy all values of some stores into a new one, in the order of their keys.

    The bytes of the new store depend on keys and values only, not on how they are spread over the sources.

    Args:
        sources: stores; a key that two of them have must have the same value in both.
        target: directory of the new store; appears when all is written.
        progress: called with the number of values just written.

    Raises:
        StoreError: if a source is not a store, or two have different values for a key.
        TargetExistsError: if there is something at `target`.
    """
    with create_store(target) as writer:
        writer.write_all(_values(sources), progress=progress)


def _values(sources: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Keys in their order, each once.

    Raises:
        StoreError: if two sources differ.
    """
    stores = [open_store(path) for path in sources]
    entries = merge(*(zip(store, repeat(number), strict=False) for number, store in enumerate(stores)))
    last_key, last_value, last_number = "", b"", 0
    for key, number in entries:
        value = stores[number].raw(key)
        if key == last_key:
            if value != last_value:
                raise StoreError(
                    f"{sources[last_number]} and {sources[number]} have different values for {key!r}",
                    hint="merge stores of one data set only",
                )
            continue
        yield key, value
        last_key, last_value, last_number = key, value, number
