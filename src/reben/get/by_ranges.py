"""Values out of an LMDB file, on a server or on this machine, into a new store."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Protocol

from reben.core.errors import StoreError
from reben.get.wanted import WantedKeys
from reben.io.store import Store, open_store, resume_store
from reben.io.store.remote import RemoteStore
from reben.net.retries import RetryPolicy
from reben.work.progress import Advance, unseen


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What reading some values takes."""

    missing: tuple[str, ...]
    """Keys that are not there, sorted."""
    requests: int
    nbytes: int
    """That the requests bring."""
    values: Callable[[], Iterator[tuple[str, bytes | memoryview]]]
    """Reads keys and values, sorted."""


class Values(Protocol):
    """Where values are found."""

    @property
    def name(self) -> str:
        """For reports: without tokens and signatures."""
        ...

    def locate(self, keys: Iterable[str]) -> FetchPlan:
        """Which keys are there, and what reading their values takes."""
        ...


class LocalValues:
    """Values of a store on this machine.

    Raises:
        StoreError: if there is none at `path`.
    """

    def __init__(self, path: Path) -> None:
        self._store = open_store(path)
        self.name = str(path.absolute())

    def locate(self, keys: Iterable[str]) -> FetchPlan:
        """Which keys are there; nothing has to be fetched."""
        wanted = sorted(set(keys))
        lacking = self._store.lacks(key.encode() for key in wanted).tolist()
        missing = tuple(key for key, lacks in zip(wanted, lacking, strict=True) if lacks)
        there = [key for key, lacks in zip(wanted, lacking, strict=True) if not lacks]
        return FetchPlan(missing, 0, 0, lambda: ((key, self._store.buffer(key)) for key in there))


class RemoteValues:
    """Values of a store on a server."""

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self.name = store.name

    def locate(self, keys: Iterable[str]) -> FetchPlan:
        """Which keys are there, by the pages of the tree that lead to them.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        plan = self._store.locate(keys)
        return FetchPlan(plan.missing, plan.requests, plan.nbytes, lambda: self._store.values(plan))


@contextmanager
def open_values(source: str | Path, *, parallel: int, policy: RetryPolicy | None = None) -> Iterator[Values]:
    """The LMDB file at an address or path.

    Raises:
        RemoteError: if the server cannot be reached, or serves no parts of files.
        StoreError: if there is no such file.
    """
    if isinstance(source, Path):
        yield LocalValues(source)
        return
    with RemoteStore(source, parallel=parallel, policy=policy) as store:
        yield RemoteValues(store)


def write_values(
    source: Values,
    wanted: WantedKeys,
    target: Path,
    *,
    maps: Store | None = None,
    progress: Advance = unseen,
    planned: Callable[[FetchPlan], None] = lambda _: None,
) -> int:
    """Write the wanted values into a new store, or resume an interrupted one; how many values it has.

    Args:
        source: where patches are, and reference maps if `maps` is None.
        wanted: which values.
        target: folder of the new store; appears when all is written.
        maps: a store with the reference maps, if they come from elsewhere.
        progress: called with the number of values just written, first with those of an interrupted run.
        planned: called with what is fetched.

    Raises:
        StoreError: if a value is missing, or is not what its key says; or an interrupted store is of something else.
        RemoteError: if something cannot be read.
        TargetExistsError: if there is something else at `target`.
    """
    origin = f"{source.name}; keys {wanted.sha256}"
    with resume_store(target, origin=origin) as store:
        rest = wanted.without(store)
        progress(store.count)
        plan = source.locate(rest.only("s1", "s2").keys if maps is not None else rest.keys)
        if plan.missing:
            raise StoreError(
                f"{source.name}: lacks {len(plan.missing):,} of the wanted values, such as {plan.missing[0]!r}",
                hint="choose patches that it has, or another --source",
            )
        planned(plan)
        streams: list[Iterable[tuple[str, bytes | memoryview]]] = [plan.values()]
        if maps is not None:
            streams.append((key, maps.buffer(key)) for key in rest.only("maps").by_kind.get("maps", ()))
        store.write_all(merge(*streams, key=lambda item: item[0].encode()), progress=progress)
        return store.count
