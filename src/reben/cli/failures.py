"""Errors of libraries and of the operating system as errors that the user can mend."""

import errno
from concurrent.futures import BrokenExecutor

from reben.core.errors import RebenError

_MEMORY_HINT = "close other programs, or take fewer --workers, a smaller --batch-size or smaller inputs"
_MEMORY_WORDS = (
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "can't start new thread",
    "bad_alloc",
)
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than may be",
}
_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_KNOWN: tuple[tuple[type[BaseException], str, str, str], ...] = (
    (BrokenExecutor, "", "a worker process died", "it may have run out of memory; try fewer --workers"),
    (UnicodeEncodeError, "", "a name is not valid UTF-8", "rename the file or folder"),
    (UnicodeDecodeError, "", "a file holds bytes that are not text", "it may be damaged; copy it again"),
    (RuntimeError, "Symlink loop", "links lead in a circle", "check the paths that were given"),  # pathlib's words
    (ValueError, "embedded null", "a path has a NUL byte in it", "check the paths that were given"),
)
"""Kind of an error, words in it, what the user is told, and what to do."""


def explained(error: BaseException) -> RebenError | None:
    """What the user is told; None for a mistake of ours, whose traceback is wanted."""
    if isinstance(error, RebenError):
        return error
    if _is_memory(error):
        return RebenError("there is too little memory", hint=_MEMORY_HINT)
    if isinstance(error, OSError):
        return _of_the_system(error)
    return _of_a_library(error)


def _is_memory(error: BaseException) -> bool:
    """Whether memory ran out: MemoryError, or one of the ways in which libraries say so."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError | ImportError) and any(words in said for words in _MEMORY_WORDS)


def _of_the_system(error: OSError) -> RebenError:
    place = f"{error.filename}: " if error.filename else ""
    if error.errno in _FULL:
        hint = "free some space, or write to another disk"
        return RebenError(f"{place}{_FULL[error.errno]} ({error.strerror})", hint=hint)
    if error.errno in _DESCRIPTORS:
        return RebenError(f"{place}there are too many open files", hint="raise the limit: ulimit -n 65536")
    return RebenError(f"{place}{error.strerror or error}", hint="check the path, its permissions and the disk")


def _of_a_library(error: BaseException) -> RebenError | None:
    said = str(error)
    if type(error).__name__.startswith("CPLE_"):  # GDAL's, which are of no common public kind
        return RebenError(f"GDAL: {said}", hint="check the input files, the disk and the memory")
    for kind, words, message, hint in _KNOWN:
        if isinstance(error, kind) and words in said:
            return RebenError(f"{message} ({said})", hint=hint)
    return None
