"""Archives whose samples are not in the order of their keys: their files are collected in a store, which sorts them.

It lies beside the target, takes as much room as the files do, and is removed at the end.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from reben.core.errors import EncodeError
from reben.encode.archived_names import MemberNames, SamplePlace
from reben.encode.archived_part import ArchivedSample, Wanted, largest_file, takes
from reben.encode.specification import Part
from reben.io.archives.reading import open_text
from reben.io.archives.source import ArchiveSource
from reben.io.archives.tar_stream import Text, members
from reben.io.small_files import read_json
from reben.io.store import create_store, open_store
from reben.work import atomic

_NOTE = "collected.json"
_GAP = "\0"
"""Between the key of a sample and the suffix of a file: it sorts before anything that a key can go on with."""


def collected_folder(target: Path, number: int) -> Path:
    """Where the files of a source are collected."""
    target = target.absolute()
    return target.with_name(f".{target.name}.unsorted-{number}")


def is_collected(folder: Path, identity: list[dict[str, Any]]) -> bool:
    """Whether an earlier run has collected the files of the same archive."""
    note = folder / _NOTE
    return note.is_file() and read_json(note, error=EncodeError) == identity


def collect(
    source: ArchiveSource, part: Part, folder: Path, *, wanted: Wanted, progress: Callable[[], None] = lambda: None
) -> None:
    """Collect the files of all wanted samples of an archive.

    Args:
        source: the archive, open.
        part: what is in it.
        folder: to create; what is there is removed.
        wanted: which keys to take.
        progress: called now and then.

    Raises:
        ArchiveError, DownloadError: if the archive cannot be read.
        EncodeError: if it has a file twice.
        StoreError: if the disk is full.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with create_store(folder) as store:
        store.write_all(_items(source, part, wanted), progress=lambda _: progress())
        atomic.write_json(store.directory / _NOTE, source.identity)


def collected_samples(folder: Path, archive: str, *, after: str) -> Iterator[ArchivedSample]:
    """The collected samples behind a key, sorted by key."""
    with closing(open_store(folder)) as store:
        for key, names in groupby(store, key=lambda name: name.partition(_GAP)[0]):
            if key <= after:
                continue
            content = {name.partition(_GAP)[2]: store.raw(name) for name in names}
            stem = content.pop("").decode("utf-8", "surrogateescape")
            yield ArchivedSample(key, f"{archive}/{stem}", {suffix: bytes(data) for suffix, data in content.items()})


def _items(source: ArchiveSource, part: Part, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Every file under its key, and, once per sample, the path by which messages name it.

    Raises:
        EncodeError: if a file comes twice.
    """
    names = MemberNames(part, str(source.archive))
    bits = {file.suffix: 1 << number for number, file in enumerate(part.files)}
    seen: dict[str, int] = {}
    place: tuple[SamplePlace, str] | None = None

    def is_wanted(path: str) -> bool:
        nonlocal place
        place = names.place(path, is_folder=False)
        return place is not None and place[1] != "" and takes(wanted, place[0].key)

    with open_text(source) as pieces:
        for member in members(Text(pieces), wanted=is_wanted, most_bytes=largest_file(part)):
            if member.is_folder:
                place = names.place(member.path, is_folder=True)
            if place is None or not takes(wanted, place[0].key):
                continue
            sample, suffix = place
            if sample.key not in seen:
                seen[sample.key] = 0
                yield sample.key + _GAP, sample.stem.encode("utf-8", "surrogateescape")
            if member.data is not None:
                if seen[sample.key] & bits[suffix]:
                    raise EncodeError(f"{source.archive}: {member.path} occurs twice", hint="make the archive again")
                seen[sample.key] |= bits[suffix]
                yield sample.key + _GAP + suffix, member.data
