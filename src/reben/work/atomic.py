"""Files and directories that appear under their final name whole, or not at all.

Everything is written under a hidden temporary name beside the target, forced to the disk, and renamed at the end. A
crash leaves at most the temporary name and a lock file behind, which the next attempt removes. Processes that write one
file at the same time have a temporary name each; the last one to end wins, and none of them reads the other's half.
"""

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from reben.core.errors import TargetExistsError

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""What file systems without locks say."""
_SLOT_LOCK = re.compile(r"\..*~[0-9]+\.lock", re.DOTALL)
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of the errors that only something that writes can have."""


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A path to write to; when the block ends well it becomes `target`, replacing what is there.

    A link is followed. What is not a regular file, such as /dev/stdout, is written to directly.

    Raises:
        TargetExistsError: if `target` is a directory.
    """
    target = Path(os.path.realpath(target))
    if target.is_dir():
        raise TargetExistsError(f"{target} is a directory", hint="give the name of a file")
    if target.exists() and not target.is_file():
        yield target
        return
    with _own_partial(target) as partial, naming(target):
        yield partial
        partial.chmod(0o666 & ~_umask())  # some libraries write files that only the owner may read
        _sync(partial)
        partial.replace(target)
    _sync(target.parent)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Around what writes `target`: the error of a full disk, which names no file, gets its name."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = str(target)
        raise


@contextmanager
def _own_partial(target: Path) -> Iterator[Path]:
    """A temporary name beside `target` that no other writer of it uses, at this moment; it is gone at the end.

    The first of a row of names whose lock is free: what a killed process left is found again without a search.
    """
    for number in count():
        slot = _slot(target, str(number))
        with ExitStack() as held:
            try:
                held.enter_context(locked(slot))
            except TargetExistsError:
                continue
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                slot = _slot(target, secrets.token_hex(4))
            partial = _partial_name(slot)
            partial.unlink(missing_ok=True)
            try:
                yield partial
            finally:
                partial.unlink(missing_ok=True)
                _remove_stale(target, number + 1)
            return


def _remove_stale(target: Path, first: int) -> None:
    """Remove what killed writers of `target` left under the following names."""
    for number in count(first):
        slot = _slot(target, str(number))
        if not _lock_of(slot).exists():
            return
        with suppress(OSError), locked(slot):  # one that is held belongs to somebody
            _partial_name(slot).unlink(missing_ok=True)


def remove_attempts(target: Path, *further: Path) -> None:
    """Remove the lock that a killed writer left beside a directory, and whatever else it may have left.

    Args:
        target: the directory, which is complete; if a living process holds its lock, nothing is removed.
        further: files and folders that only writers of `target` use.
    """
    remains = [path for path in further if path.exists()]
    if remains or _lock_of(target.absolute()).exists():
        with suppress(TargetExistsError), locked(target):
            for path in remains:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove_remains(folder: Path) -> None:
    """Remove what killed writers of files left in a folder; what a living process is writing stays."""
    for lock in folder.glob(".*.lock") if folder.is_dir() else ():
        slot = lock.with_name(lock.name.removesuffix(".lock")[1:])
        if is_lock_of_file(lock):
            with suppress(OSError), locked(slot):
                _partial_name(slot).unlink(missing_ok=True)


def is_lock_of_file(path: Path) -> bool:
    """Whether `path` is what `new_file` locks; folders and whole stages have locks, too."""
    return _SLOT_LOCK.fullmatch(path.name) is not None


def _slot(target: Path, number: str) -> Path:
    return _beside(target, f"{target.name}~{number}")


def _beside(target: Path, name: str) -> Path:
    """Another name in the folder in which `target` lies.

    Raises:
        TargetExistsError: if it lies in none: it is the root of the file system, or the folder above another.
    """
    if target.name in {"", ".."}:
        raise TargetExistsError(f"{target} cannot be written: it is there already", hint="give a folder in it")
    return target.with_name(name)


def _lock_of(target: Path) -> Path:
    return _beside(target, f".{target.name}.lock")


def put_in_place(finished: Path, target: Path) -> None:
    """Give a file that is complete its final name in the same folder, once it is on the disk."""
    _sync(finished)
    finished.replace(target)
    _sync(target.parent)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` as UTF-8, replacing what is there."""
    with new_file(target) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")  # file names need not be UTF-8


def write_json(target: Path, value: Any) -> None:  # noqa: ANN401 - whatever json takes
    """Write `value` to `target` as indented JSON, replacing what is there."""
    write_text(target, json.dumps(value, indent=2, allow_nan=False) + "\n")


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """An empty directory to fill; when the block ends well it becomes `target`.

    Raises:
        TargetExistsError: if `target` exists and is not an empty directory, or another process is writing it.
    """
    expect_free(target)
    target = target.absolute()
    partial = _partial_name(target)
    with locked(target):
        shutil.rmtree(partial, ignore_errors=True)  # what a killed process left behind
        partial.mkdir()
        try:
            with naming(target):
                yield partial
            _sync(partial)
            expect_free(target)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    _sync(target.parent)


@contextmanager
def resumable_directory(target: Path) -> Iterator[Path]:
    """A directory to fill that keeps its content when the block fails, for the next attempt.

    Raises:
        TargetExistsError: if `target` exists and is not an empty directory, or another process is writing it.
    """
    expect_free(target)
    target = target.absolute()
    partial = _partial_name(target)
    with locked(target):
        partial.mkdir(exist_ok=True)
        with naming(target):
            yield partial
        remove_remains(partial)
        _sync(partial)
        expect_free(target)
        partial.rename(target)
    _sync(target.parent)


def discard_unfinished(target: Path) -> None:
    """Remove what an interrupted writer of a resumable directory left, so that the next one begins anew.

    Raises:
        TargetExistsError: if another process is writing it.
    """
    target = target.absolute()
    with locked(target):
        shutil.rmtree(_partial_name(target), ignore_errors=True)


def expect_free(target: Path) -> None:
    """Check that nothing would be overwritten at `target`; an empty directory may be there.

    Raises:
        TargetExistsError: if something is there.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise TargetExistsError(
            f"{target} exists already",
            hint="choose another target, or delete this one first (what reben made under its final name is whole)",
        )


def _partial_name(target: Path) -> Path:
    return _beside(target, f".{target.name}.partial")


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Keep other processes from writing `target` at the same time; the folder above it is made.

    Raises:
        TargetExistsError: if another process holds the lock.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    path = _lock_of(target)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking, the former holder may have removed the file that we opened.
            ours = path.stat().st_ino == os.fstat(descriptor).st_ino
        except (BlockingIOError, FileNotFoundError):  # others, such as a file system without locks, say what they are
            ours = False
        if not ours:
            raise TargetExistsError(f"another process is writing {target}", hint="wait for it to end, then try again")
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                path.unlink()
    finally:
        os.close(descriptor)


def _umask() -> int:
    """The process's mask for new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    """Force `path`, a file or a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
