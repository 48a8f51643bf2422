"""Copies of rasters on servers, kept on this machine: fetched whole once, in ranges, then read from the disk.

A copy is named after the address alone: catalogues give what they process again another address. Whoever wants to fetch
anew removes the folder.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

from reben.core.errors import RemoteAccessError
from reben.net.addresses import is_address
from reben.net.remote_file import RemoteFile
from reben.work.atomic import new_file

_SPAN_BYTES = 8 << 20
_NAME_DIGITS = 40
_ENDINGS = frozenset({".tif", ".tiff", ".jp2"})
"""That copies keep; GDAL looks at them."""
_folder: Path | None = None


@contextmanager
def keeping_copies(folder: Path | None) -> Iterator[None]:
    """Within the block, rasters on servers are copied into a folder; it counts for the whole process.

    Args:
        folder: created where it is missing; None keeps nothing.
    """
    global _folder  # noqa: PLW0603 - GDAL opens rasters far below whoever knows the options
    before, _folder = _folder, folder
    try:
        yield
    finally:
        _folder = before


def copy_of(url: str, *asked: Callable[[], str]) -> Path | None:
    """The copy of a raster, fetched if it is not there; None where copies are not kept.

    Args:
        url: address of the raster; its query is left out of the copy's name.
        *asked: give the address to ask, with a signature where one is needed; the next one if access is refused.

    Raises:
        RemoteError: if the raster cannot be fetched.
        OSError: if the copy cannot be written.
    """
    if _folder is None or not is_address(url):
        return None
    bare = url.partition("?")[0]
    ending = PurePosixPath(bare).suffix
    name = sha256(bare.encode()).hexdigest()[:_NAME_DIGITS]
    target = _folder / f"{name}{ending if ending in _ENDINGS else ''}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_by_any(asked, target)
    return target


def _fetch_by_any(asked: Sequence[Callable[[], str]], target: Path) -> None:
    *earlier, last = asked
    for address in earlier:
        try:
            _fetch(address(), target)
        except RemoteAccessError:  # the signature may have expired
            continue
        return
    _fetch(last(), target)


def _fetch(url: str, target: Path) -> None:
    with RemoteFile(url) as remote, new_file(target) as partial, partial.open("wb") as file:
        spans = [(start, min(_SPAN_BYTES, remote.size - start)) for start in range(0, remote.size, _SPAN_BYTES)]
        for content in remote.read_spans(spans):
            file.write(content)
