"""Names of the patches of a data set that has no table: its folders, or the keys of its store."""

import os
import re
from pathlib import Path

from reben.core.errors import MetadataError
from reben.core.names import PATCH_PATTERN
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import is_store, open_store

_PATCH = re.compile(PATCH_PATTERN, re.ASCII)
_HINT = (
    "expected BigEarthNet v1 patches, a data folder, patches below BigEarthNet-S2 as reBEN publishes them, or a store"
)


def patch_names(root: Path) -> list[str]:
    """Patch ids in a data set in the published layout, in a store or in the folder of one; sorted.

    Raises:
        MetadataError: if there is none.
        StoreError: if the store is damaged.
    """
    paths = DatasetPaths(root)
    folders = next((path for path in (paths.s2, paths.reference_maps) if path.is_dir()), None)
    if folders is not None:
        names = [entry.name for tile in os.scandir(folders) if tile.is_dir() for entry in os.scandir(tile.path)]
    else:
        store = next((path for path in (root, paths.store) if is_store(path)), None)
        names = [] if store is None else list(open_store(store))
    found = sorted(name for name in names if _PATCH.fullmatch(name))
    if not found:
        raise MetadataError(f"{root} has no patches with names of reBEN's form", hint=_HINT)
    return found
