"""One store as several of limited size, for hosts that limit the size of files."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from reben.core.errors import StoreError
from reben.io.store.maps import SHARDS_FILE, shard_name
from reben.io.store.reader import Store, open_store
from reben.io.store.sizes import disk_bytes
from reben.io.store.writer import create_store
from reben.work import atomic
from reben.work.progress import Advance, unseen

_SHARE_OF_VALUES = 0.98
"""Of a store's file; the rest is its tree. Values are many pages each, and their keys short."""


def split_store(source: Path, target: Path, *, most_bytes: int, progress: Advance = unseen) -> list[Path]:
    """Write the values of a store into a folder of shards, in the order of their keys.

    Args:
        source: store, or folder of shards.
        target: folder of the new shards; appears when all is written.
        most_bytes: size of a shard's file, about.
        progress: called with the number of values just written.

    Returns:
        the folders of the shards.

    Raises:
        StoreError: if the source is not a store, is empty, or has a value that alone is larger.
        TargetExistsError: if there is something at `target`.
    """
    store = open_store(source)
    edges = _edges(store, most_bytes)
    with atomic.new_directory(target) as folder:
        keys = iter(store)
        for number, (first, end) in enumerate(pairwise(edges)):
            with create_store(folder / shard_name(number)) as writer:
                writer.write_all(((key, store.buffer(key)) for key in _next(keys, end - first)), progress=progress)
        atomic.write_json(folder / SHARDS_FILE, {"shards": len(edges) - 1})
    return [target / shard_name(number) for number in range(len(edges) - 1)]


def _edges(store: Store, most_bytes: int) -> list[int]:
    """Numbers of the keys with which shards begin, and the number of keys.

    Raises:
        StoreError: if there is no key, or a value is too large.
    """
    edges, room, count = [0], most_bytes * _SHARE_OF_VALUES, 0
    for count, key in enumerate(store, 1):
        nbytes = disk_bytes(len(store.buffer(key)))
        if nbytes > most_bytes * _SHARE_OF_VALUES:
            raise StoreError(
                f"{store.path}: the value of {key!r} has {nbytes:,} bytes; shards of {most_bytes:,} are too small"
            )
        if nbytes > room:
            edges.append(count - 1)
            room = most_bytes * _SHARE_OF_VALUES
        room -= nbytes
    if not count:
        raise StoreError(f"{store.path} is empty", hint="encode a data set into it")
    return [*edges, count]


def _next(keys: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        yield next(keys)
