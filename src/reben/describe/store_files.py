"""Which file of a published store holds which key: one file, or the shard in which the key lies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from reben.core.errors import MetadataError
from reben.io.store import DATA_FILE, Store, open_store


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The files of a store."""

    paths: tuple[str, ...]
    """Relative to the release, in the order of the first keys."""
    stores: tuple[Store, ...]
    """What is in each of them."""

    def paths_of(self, keys: pa.Array) -> pa.Array:
        """The file of each key; null where the key is.

        Raises:
            MetadataError: if a key is in none of the files.
        """
        given = np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False))
        encoded = [key.encode() for key in keys.drop_null().to_pylist()]
        number = np.full(len(keys), -1)
        for candidate, store in enumerate(self.stores):
            waiting = np.flatnonzero(number[given] < 0)
            found = waiting[~store.lacks(encoded[row] for row in waiting)]
            number[given[found]] = candidate
        lost = given[number[given] < 0]
        if len(lost):
            raise MetadataError(
                f"the store lacks {keys[int(lost[0])].as_py()!r} ({len(lost):,} such keys in this part of the tables)",
                hint="publish tables that list what the store holds, or encode what is missing",
            )
        indices = pa.array(number, pa.int32(), mask=number < 0)
        return pa.DictionaryArray.from_arrays(indices, list(self.paths)).cast(pa.string())


def store_files(store: Path, *, name: str = "store") -> StoreFiles:
    """The files of a store, or of a folder of shards.

    Args:
        store: where it lies.
        name: of its folder in the release.

    Raises:
        StoreError: if it is not a store.
    """
    parts = sorted(store.rglob(DATA_FILE)) if store.is_dir() else [store]
    opened = [(next(iter(part), ""), part, path) for path in parts for part in [open_store(path)]]
    ordered = sorted(opened, key=lambda entry: entry[0])
    root = store if store.is_dir() else store.parent
    return StoreFiles(
        tuple(f"./{name}/{path.relative_to(root).as_posix()}" for _, _, path in ordered),
        tuple(part for _, part, _ in ordered),
    )
