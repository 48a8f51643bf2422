"""What has changed since a tile was finished, when its build is resumed.

A finished tile notes the SHA-256 of its product's files, and files that were not touched since need no second look: the
time at which a file's state changed (`ctime`) cannot be set back. Land cover, lists and scenes are compared elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path

from reben.construct.sentinel1.patch_folder import patch_files
from reben.construct.workspace import Workspace
from reben.core.errors import ProductError
from reben.io.checksums import sha256
from reben.io.safe import open_product

_MARGIN_NS = 3600 * 10**9
"""Files may change while their tile is built, and clocks of file servers differ; a second look costs little."""


def changed_file(workspace: Workspace, tile: str, products: Sequence[Path], s1_dir: Path | None) -> Path | None:
    """A file of which a finished tile was made and that is another one now; None if there is none.

    Args:
        workspace: of the build.
        tile: id of a finished tile.
        products: of which it would be built now.
        s1_dir: ready Sentinel-1 patches, if they are used.
    """
    record = workspace.records([tile])[tile]
    finished_ns = workspace.finished_ns(tile)
    before: dict[str, str] = record["sha256"]
    try:
        now = [file for path in products for file in open_product(path).files]
    except ProductError:
        return products[0]  # building it says what is wrong
    for file in now:
        known = before.get(str(file))
        if known is None or (_changed_ns(file) > finished_ns - _MARGIN_NS and sha256(file) != known):
            return file
    if s1_dir is None:
        return None
    begun_ns = finished_ns - int(sum(record["seconds"].values()) * 10**9)
    names = [name for name in workspace.rows([tile])["s1_name"].to_pylist() if name is not None]
    patches = (file for name in names for file in patch_files(s1_dir, name).values())
    return next((file for file in patches if not file.exists() or _changed_ns(file) > begun_ns), None)


def _changed_ns(path: Path) -> int:
    """When content, name or owner of a file last changed."""
    return path.stat().st_ctime_ns
