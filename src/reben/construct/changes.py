"""What has changed since a tile was finished, when its build is given again.

A finished tile notes the SHA-256 of its product's files, and files that were not touched since need no second look: the
time at which a file's state changed (`ctime`) cannot be set back. Land cover, lists and scenes are compared elsewhere.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reben.construct.report import TileRecord
from reben.core.errors import ProductError
from reben.io.l2a_sources import open_l2a
from reben.io.stac.items import file_of
from reben.tile.sentinel1.patch_folder import patch_files
from reben.work.checksums import sha256

_MARGIN_S = 3600
"""Files may change while their tile is built, and clocks of file servers differ; a second look costs little."""


def changed_file(
    record: TileRecord, products: Sequence[Path], s1_dir: Path | None, s1_names: Iterable[str | None]
) -> Path | None:
    """A file of which a finished tile was made and that is another one now; None if there is none.

    Args:
        record: of the tile.
        products: of which it would be built now.
        s1_dir: ready Sentinel-1 patches, if they are used.
        s1_names: those of the tile's patches.
    """
    try:
        now = [file for path in products for file in open_l2a(path).files]
    except ProductError:
        return products[0]  # building it says what is wrong
    for file in now:
        known = record.sha256.get(str(file))
        if known is None or (_changed_s(file) > record.finished_s - _MARGIN_S and sha256(file) != known):
            return file
    if s1_dir is None:
        return None
    begun_s = record.finished_s - sum(record.seconds.values())
    patches = (file for name in s1_names if name is not None for file in patch_files(s1_dir, name).values())
    return next((file for file in patches if not file.exists() or _changed_s(file) > begun_s), None)


def newest_change_s(product: Path) -> float:
    """When anything of a product last changed, in seconds since 1970; of an item, its file."""
    items = file_of(product)
    return max(map(_changed_s, [product, *product.rglob("*")] if items is None else [items]))


def _changed_s(path: Path) -> float:
    """When content, name or owner of a file last changed."""
    return path.stat().st_ctime
