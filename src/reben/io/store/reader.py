"""Read a store: views straight out of the memory map.

A `Store` may be handed to threads and to processes. Each thread has a transaction of its own. A forked process goes on
with the map that it inherits: without locks, which a finished store does not need, LMDB's state is nothing but memory.
A spawned process opens the file anew. Arrays keep the map alive, so that they stay valid after `close`.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.cards import card
from reben.core.errors import KeyNotFoundError, StoreError
from reben.io.store.maps import DAMAGED_HINT, AnyMap, open_any
from reben.io.store.values import parse_header, tensor_view
from reben.net.addresses import Address, path_or_address

StorePlace = Path | Address
"""Where a store lies: on this machine, or at an address."""


def open_store(path: str | os.PathLike[str] | Address) -> "Store":
    """Open a store for reading.

    Args:
        path: of a store; or its address, from which values are read one by one and kept in a cache: for looking, and
            for small runs.

    Raises:
        StoreError: if there is no store at `path`.
        RemoteError: if an address cannot be read.
    """
    return Store(path)


class Store(Mapping[str, dict[str, NDArray[Any]]]):
    """Values of an LMDB+safetensors store by key, as a mapping: `store[key]`, `key in store`, `store.items()`.

    Arrays are read-only views into the memory map; `{name: array.copy() for name, array in store[key].items()}` gives
    arrays that may be changed, and that `torch.from_numpy` takes without a warning.

    Args:
        path: directory with `data.mdb`, an LMDB file, or a folder of shards, which are read as one store;
            or an address (`https://`, `hf://datasets/OWNER/NAME/PATH`, `s3://BUCKET/KEY`) of `data.mdb` or its folder.

    Raises:
        StoreError: if there is no store at `path`.
    """

    def __init__(self, path: str | os.PathLike[str] | Address) -> None:
        self.path = path_or_address(path)
        self._map: AnyMap | None = open_any(self.path)

    def __getitem__(self, key: str) -> dict[str, NDArray[Any]]:
        """All tensors under `key`, as read-only views into the map, each at its native resolution.

        Raises:
            KeyNotFoundError: if there is no such key.
            StoreError: if the value is not a safetensors value.
        """
        value = self._value(key)
        try:
            return {name: tensor_view(value, place) for name, place in parse_header(value).items()}
        except StoreError as error:
            raise StoreError(f"{self.path}, key {key!r}: {error}", hint=DAMAGED_HINT) from error

    def tensors(self, key: str, names: tuple[str, ...]) -> list[NDArray[Any]]:
        """Some tensors under `key`, as read-only views into the map.

        Raises:
            KeyNotFoundError: if there is no such key.
            StoreError: if the value is not a safetensors value, or lacks a tensor.
        """
        value = self._value(key)
        try:
            layout = parse_header(value)
            return [tensor_view(value, layout[name]) for name in names]
        except StoreError as error:
            raise StoreError(f"{self.path}, key {key!r}: {error}", hint=DAMAGED_HINT) from error
        except KeyError as error:
            raise StoreError(
                f"{self.path}, key {key!r}: has no tensor {error}; expected one of {', '.join(layout)}"
            ) from error

    def raw(self, key: str) -> bytes:
        """A copy of the value under `key`, a safetensors byte string.

        Raises:
            KeyNotFoundError: if there is no such key.
        """
        return self._value(key).tobytes()

    def buffer(self, key: str) -> memoryview:
        """The value under `key` in the map itself; to be used before the store is closed.

        Raises:
            KeyNotFoundError: if there is no such key.
        """
        opened = self._opened()
        encoded = _encoded(key)
        if encoded is None:
            raise KeyNotFoundError(
                f"{self.path} has no key {key!r}", hint=f"keys are texts; the first is {next(iter(self), 'none yet')!r}"
            )
        found = opened.get(encoded)
        if found is None:
            raise KeyNotFoundError(f"{self.path} has no key {key!r}", hint=_nearest_hint(opened, key))
        return found

    @property
    def nbytes(self) -> int:
        """Size of the store's files."""
        return self._opened().nbytes()

    def memory(self) -> object:
        """What keeps the map open as long as it is referred to, even after `close`."""
        return self._opened()

    def __contains__(self, key: object) -> bool:
        encoded = _encoded(key)
        return encoded is not None and self._opened().has(encoded)

    def __len__(self) -> int:
        return self._opened().count()

    def __iter__(self) -> Iterator[str]:
        """All keys, sorted."""
        return self._opened().keys()

    def checksums(self) -> Iterator[tuple[str, int | None]]:
        """All keys, sorted, each with the CRC-32 that its value had when it was written; None where none was kept.

        Raises:
            StoreError: if the file of checksums is damaged.
        """
        return self._opened().checksums()

    def lacks(self, keys: Iterable[bytes]) -> NDArray[np.bool_]:
        """Which of many keys the store lacks, in their order; no value is touched."""
        return self._opened().lacks(keys)

    def fetch(self, keys: Iterable[str]) -> None:
        """Bring values near that will be read soon: those of a store at an address, many at a time, into the cache.

        Keys that are not there are left out. Nothing happens to a store on this machine.

        Raises:
            RemoteError: if one cannot be had.
        """
        self._opened().fetch(encoded for encoded in map(_encoded, keys) if encoded is not None)

    def first_of_kinds(self) -> Iterator[str]:
        """A key of each kind: the first one with each beginning, and of reference maps."""
        return self._opened().first_of_kinds()

    def close(self) -> None:
        """Let go of the map; arrays that were read from it stay valid and keep it open. Reading opens it again."""
        self._map = None

    def __eq__(self, other: object) -> bool:
        return self is other  # a mapping would compare all values

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Place and size, and what the first value of each kind holds, for notebooks; nothing is fetched for it."""
        facts = {"place": self.path, "values": len(self), "size": f"{self.nbytes / 1e6:,.1f} MB"}
        first = self.first_of_kinds() if isinstance(self.path, Path) else ()
        return card("Store", {**facts, **{key: self._held(key) for key in first}})

    def _held(self, key: str) -> str:
        """The tensors of a value, or why it cannot be read: a notebook shows a damaged store, too."""
        try:
            return ", ".join(self[key])
        except StoreError as error:
            return str(error)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_map": None}

    def _opened(self) -> "AnyMap":
        if self._map is None:
            self._map = open_any(self.path)
        return self._map

    def _value(self, key: str) -> "_MapBytes":
        found = self.buffer(key)
        value = _MapBytes((len(found),), np.uint8, found)
        value.map = self._opened()
        return value


class _MapBytes(np.ndarray[tuple[int], np.dtype[np.uint8]]):
    """Bytes in a map, which they keep alive.

    Built straight on LMDB's buffer: numpy would skip the reference to it in an array made by `view`.
    """

    map: "AnyMap"


def _encoded(key: object) -> bytes | None:
    """A key as it is stored; None if no key can be stored so."""
    try:
        return key.encode() if isinstance(key, str) else None
    except UnicodeEncodeError:
        return None


def _nearest_hint(opened: AnyMap, key: str) -> str:
    """The existing key that shares the longest beginning with `key`."""
    neighbours = opened.neighbours(key.encode())
    if not neighbours:
        return "the store is empty"
    nearest = max(neighbours, key=lambda other: _shared_beginning(key, other))
    return f"the nearest key is {nearest!r}"


def _shared_beginning(first: str, second: str) -> int:
    """Number of characters that both begin with."""
    return next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
