"""Which kind of data a path holds, and the checks for it."""

from collections.abc import Sequence
from pathlib import Path

from reben.core.errors import MetadataError
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import is_store
from reben.verify.dataset import verify_dataset
from reben.verify.findings import Check
from reben.verify.store import verify_store
from reben.work.progress import Begin, begin_unseen


def verify_data(
    path: Path,
    metadata: Sequence[Path] = (),
    *,
    workers: int = 1,
    start: Begin = begin_unseen,
) -> list[Check]:
    """Check a data set of GeoTIFFs, one with a store, or a store.

    Args:
        path: folder.
        metadata: tables of a store; by default those beside it.
        workers: processes that read.
        start: called with the number of patches; returns the progress callback.

    Raises:
        MetadataError: if `path` is neither, tables are given for a data set of GeoTIFFs, or its tables
            cannot be used at all.
        StoreError: if a store cannot be opened.
    """
    paths = DatasetPaths(path)
    if is_store(path):
        return verify_store(path, metadata, workers=workers, start=start)
    if is_store(paths.store):
        return verify_store(paths.store, metadata, workers=workers, start=start)
    if paths.s2.is_dir():
        if metadata:
            raise MetadataError(
                f"{path}: is checked against its own tables; tables can only be given for a store",
                hint="leave --metadata out, or verify the store alone",
            )
        return verify_dataset(path, workers=workers, start=start)
    raise MetadataError(
        f"{path}: is neither a data set nor a store",
        hint=f"expected {paths.s2.name}, {paths.store.name} or data.mdb in it",
    )
