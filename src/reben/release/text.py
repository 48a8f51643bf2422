"""The text of an archive, patch by patch, in one or several forms of its headers."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from reben.core.errors import RebenError
from reben.io.archives.tar_form import TarForm, member
from reben.release.files import PatchFiles
from reben.release.parts import PatchPart
from reben.work.ahead import mapped_ahead

_AHEAD_PER_THREAD = 4


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of an archive."""

    path: str
    nbytes: int
    crc32: int


@dataclass(frozen=True, slots=True)
class PatchText:
    """A patch as members of an archive."""

    place: str
    """Where it lies below the folder of its part."""
    texts: tuple[bytes, ...]
    """Headers and files, in each form."""
    files: tuple[FileRecord, ...]


@contextmanager
def patch_texts(
    files: PatchFiles, part: PatchPart, places: Sequence[str], forms: Sequence[TarForm], *, threads: int
) -> Iterator[Iterator[PatchText | RebenError]]:
    """The patches of a part in the given order, made some ahead by threads; an error stands for a patch that has one.

    Args:
        files: gives the files of patches.
        part: which.
        places: of the patches.
        forms: of the headers.
        threads: that read, make files and checksums.
    """
    make = partial(_patch_text, files, part, tuple(forms))
    with mapped_ahead(make, places, threads=threads, depth=_AHEAD_PER_THREAD * threads) as texts:
        yield texts


def _patch_text(files: PatchFiles, part: PatchPart, forms: tuple[TarForm, ...], place: str) -> PatchText | RebenError:
    try:
        found = files.of(part, place)
        texts = tuple(b"".join(member(form, path, content) for path, content in found) for form in forms)
    except RebenError as error:
        return error
    return PatchText(place, texts, tuple(FileRecord(path, len(data), zlib.crc32(data)) for path, data in found))
