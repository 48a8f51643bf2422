"""A store of reBEN or of a data set like it, back to GeoTIFFs in the published layout."""

from collections.abc import Mapping
from pathlib import Path

from reben.core.bands import PATCH_SIZE_M
from reben.core.grid import TileExtent
from reben.io.dataset.published_files import PublishedFiles
from reben.io.store import Store
from reben.io.tiff.patch_files import write_content
from reben.work import atomic
from reben.work.progress import Advance, unseen


def export_store(
    store: Store,
    extents: Mapping[str, TileExtent],
    target: Path,
    *,
    patch_size_m: int = PATCH_SIZE_M,
    progress: Advance = unseen,
) -> None:
    """Write all values as GeoTIFFs, byte for byte as they are published.

    Args:
        store: Sentinel-2 patches, Sentinel-1 patches, reference maps, or some of them.
        extents: where each tile lies, by tile id.
        target: folder to make.
        patch_size_m: side of a patch.
        progress: called with the number of values just written.

    Raises:
        MetadataError: if the place of a tile is not known.
        StoreError: if a key or a value is none of reBEN's.
        TargetExistsError: if there is something at `target`.
    """
    files = PublishedFiles(store, extents, patch_size_m=patch_size_m)
    with atomic.new_directory(target) as folder:
        for key in store:
            for path, content in files.of(key):
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                write_content(file, content)
            progress(1)
