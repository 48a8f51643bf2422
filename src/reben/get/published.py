"""Small published files, fetched once and kept in the cache: tables, the archive of the reference maps."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reben.core.errors import DownloadError
from reben.core.release import PublishedFile
from reben.io.small_files import read_json
from reben.net.requests import open_client
from reben.net.retries import RetryPolicy
from reben.net.stopping import Stop
from reben.net.stream import RemoteStream
from reben.work import atomic
from reben.work.cache import cache_folder
from reben.work.progress import Advance, unseen

_CHUNK = 1 << 20


def fetched(
    file: PublishedFile,
    *,
    policy: RetryPolicy | None = None,
    progress: Advance = unseen,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Where a published file lies in the cache; it is fetched first if it is not there.

    Its MD5 is compared, when it is fetched and when it is taken from the cache. What has come of a file stays if the
    connection breaks, and the next call resumes.

    Args:
        file: with its MD5.
        policy: how often the server is asked again.
        progress: called with the number of bytes just fetched.
        tell: called with each line that people should read, such as that the server is asked again.

    Raises:
        DownloadError: if it cannot be had, or is not what was published.
    """
    target = _target(file)
    if target.is_file() and md5_of(target) == file.md5:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with atomic.locked(target):
        _fill(part, file, policy, progress, tell)
        found = md5_of(part)
        if found != file.md5:
            part.unlink()
            _note_of(part).unlink(missing_ok=True)
            raise DownloadError(
                f"{file.name}: what the server sent has the MD5 {found}; expected {file.md5}",
                hint="give the same command again; if it stays so, the file on the server is another one",
            )
        atomic.put_in_place(part, target)
        _note_of(part).unlink(missing_ok=True)
    return target


def in_cache(file: PublishedFile) -> Path | None:
    """Where a published file lies in the cache, whole or damaged; None if it does not."""
    path = _target(file)
    return path if path.is_file() else None


def _target(file: PublishedFile) -> Path:
    return cache_folder("release", file.md5) / file.name


def md5_of(path: Path) -> str:
    """MD5 of a file, in hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _fill(
    part: Path, file: PublishedFile, policy: RetryPolicy | None, progress: Advance, tell: Callable[[str], None]
) -> None:
    """Let the part grow until all is there.

    Raises:
        DownloadError: if it cannot be had, or is larger than what was published.
    """
    with _remote(file, policy, tell) as remote:
        start = _resumable(part, file, remote)
        progress(start)
        size = start
        with part.open("r+b" if start else "wb") as out:
            out.seek(start)
            for chunk in remote.chunks(start):
                if not size and remote.etag:
                    atomic.write_json(_note_of(part), {"etag": remote.etag})
                size += len(chunk)
                if file.nbytes is not None and size > file.nbytes:
                    raise DownloadError(f"{remote.shown}: is larger than the {file.nbytes:,} bytes that were published")
                out.write(chunk)
                progress(len(chunk))


@contextmanager
def _remote(file: PublishedFile, policy: RetryPolicy | None, tell: Callable[[str], None]) -> Iterator[RemoteStream]:
    stop = Stop()
    with open_client(connections=1) as client:
        try:
            yield RemoteStream(file.address, client, stop, policy or RetryPolicy(sleep=stop.sleep), tell)
        finally:
            stop.stop()


def _resumable(part: Path, file: PublishedFile, remote: RemoteStream) -> int:
    """How many bytes of an earlier attempt are of the same file; the others are dropped."""
    size = part.stat().st_size if part.is_file() else 0
    if not size or (file.nbytes is not None and size > file.nbytes):
        return 0
    try:
        note = read_json(_note_of(part), error=DownloadError)
    except DownloadError:
        return size  # the MD5 will tell
    remote.etag = str(note.get("etag", "")) if isinstance(note, dict) else ""
    return size
