"""A cache of files on the disk: limited in size, shared by processes, and never believed without a checksum.

`REBEN_CACHE` names its folder, by default `reben` in the user's cache folder; `REBEN_CACHE_GB` is its limit, by
default 10. What was not used for longest goes first.
"""

import os
import secrets
import time
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from threading import Lock

from reben.core.errors import RebenError
from reben.work.cache import cache_folder

DEFAULT_LIMIT_GB = 10.0
_SUFFIX, _PARTIAL_SUFFIX = ".cached", ".partial"
"""Nothing else in the folder is touched."""
_MAGIC = b"RBCACHE1"
_HEADER = len(_MAGIC) + 4
_LOOK_EVERY = 1 << 26
"""Bytes that one process adds until it looks how large the cache is."""
_FULL_AT, _EMPTY_TO = 1.0, 0.9
_USED_LATELY_S = 60.0
"""A file whose last use is noted no longer ago need not be noted again."""
_FORGOTTEN_S = 3600.0
"""A partial file of that age is one that a killed process left."""


def cache_limit_bytes() -> int:
    """How large the cache may become.

    Raises:
        RebenError: if `REBEN_CACHE_GB` is not a number of gigabytes.
    """
    text = os.environ.get("REBEN_CACHE_GB") or str(DEFAULT_LIMIT_GB)
    try:
        limit = int(float(text) * 1e9)
    except (ValueError, OverflowError):
        limit = -1
    if limit < 0:
        raise RebenError(f"REBEN_CACHE_GB={text!r} is not a size in gigabytes", hint="0 or more, such as 20")
    return limit


class FileCache:
    """Bytes by name. Whatever goes wrong with a file, it is as if it were not there.

    Args:
        folder: None takes that of the user.
        limit_bytes: of all files together; None takes that of the user.

    Raises:
        RebenError: if `REBEN_CACHE_GB` is not a number of gigabytes.
    """

    def __init__(self, folder: Path | None = None, *, limit_bytes: int | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder
        self.limit_bytes = cache_limit_bytes() if limit_bytes is None else limit_bytes
        self._added = _LOOK_EVERY  # the first file that is added looks
        self._lock = Lock()
        self._has_warned = False

    def get(self, name: str) -> bytes | None:
        """The bytes under a name, such as `folder/name`; None if there are none, or they are damaged."""
        path = self._path(name)
        try:
            content = path.read_bytes()
            if time.time() - path.stat().st_mtime > _USED_LATELY_S:
                os.utime(path)
        except OSError:
            return None
        expected = int.from_bytes(content[len(_MAGIC) : _HEADER], "little")
        if len(content) < _HEADER or content[: len(_MAGIC)] != _MAGIC or zlib.crc32(content[_HEADER:]) != expected:
            with suppress(OSError):
                path.unlink()
            return None
        return content[_HEADER:]

    def has(self, name: str) -> bool:
        """Whether there is a file under a name; it may turn out to be damaged."""
        return self._path(name).is_file()

    def put(self, name: str, content: bytes | memoryview) -> None:
        """Keep bytes under a name. A cache that cannot be written to is no reason to stop; a warning tells it once."""
        size = _HEADER + len(content)
        if size > self.limit_bytes:
            return
        path = self._path(name)
        # Not `work.atomic`: what a crash leaves behind is noticed by its checksum, so that nothing need be forced to
        # the disk, which would take longer than fetching it again.
        partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_PARTIAL_SUFFIX}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(_MAGIC + zlib.crc32(content).to_bytes(4, "little"))
                file.write(content)
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            self._warn(error)
            return
        self._note_added(size)

    def names(self, folder: str) -> list[str]:
        """Names of the folders in a folder of the cache, the one that was made last first."""
        try:
            found = [path for path in (self.folder / folder).iterdir() if path.is_dir()]
            return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]
        except OSError:
            return []

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(f"{self.folder}: nothing can be kept in the cache ({error.strerror})", stacklevel=3)

    def _note_added(self, nbytes: int) -> None:
        """Count what was added, and make room from time to time; at most a tenth of the limit is added in between."""
        with self._lock:
            self._added += nbytes
            if self._added < min(_LOOK_EVERY, self.limit_bytes / 10):
                return
            self._added = 0
        self._make_room()

    def _make_room(self) -> None:
        """Remove what was not used for longest, if the cache is too large."""
        files, now = [], time.time()
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):  # another process removes files, too
                    found = path.stat()
                    if name.endswith(_SUFFIX):
                        files.append((found.st_mtime, found.st_size, path))
                    elif name.endswith(_PARTIAL_SUFFIX) and now - found.st_mtime > _FORGOTTEN_S:
                        path.unlink()
        total = sum(size for _, size, _ in files)
        if total <= self.limit_bytes * _FULL_AT:
            return
        for _, size, path in sorted(files):
            if total <= self.limit_bytes * _EMPTY_TO:
                return
            with suppress(OSError):
                path.unlink()
            total -= size
