"""A stand-in for the servers of the published data set: the parts of a small one as archives, and as an LMDB file."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reben.io.dataset.paths import DatasetPaths
from stand_ins.archives import archive_of
from stand_ins.range_server import RangeServer, running_range_server

STORE_FILES = ("data.mdb", "checksums.bin")
ARCHIVES = ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")


@contextmanager
def running_published(dataset: DatasetPaths, store: Path, folder: Path) -> Iterator[RangeServer]:
    """Serve a data set from `folder`: `store/data.mdb`, and an archive of each part.

    Args:
        dataset: patches and reference maps as GeoTIFFs.
        store: the same, encoded.
        folder: an empty folder.
    """
    for name in ARCHIVES:
        archive_of(dataset.root / name, folder)
    shutil.copytree(store, folder / "store")
    with running_range_server(folder) as running:
        yield running


def archives_of(server: RangeServer) -> list[str]:
    """Addresses of the archives, in the order of `ARCHIVES`; they redirect."""
    return [server.url(f"{name}.tar.zst", "hub") for name in ARCHIVES]


def lmdb_of(server: RangeServer) -> str:
    """Address of the LMDB file; it redirects."""
    return server.url("store/data.mdb", "hub")
