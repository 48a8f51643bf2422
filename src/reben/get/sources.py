"""From where a part of the data set comes: a copy as LMDB, archives, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reben.core.errors import EncodeError
from reben.core.release import LMDB_COPY, MAPS_ARCHIVE, S1_ARCHIVE, S2_ARCHIVE, PublishedFile
from reben.encode.bigearthnet import REFERENCE_MAPS, S1_PATCHES, S2_PATCHES
from reben.encode.specification import Part
from reben.io.archives.place import Archive, archive_at, archive_of, nbytes_of
from reben.io.store import is_store
from reben.io.store.sizes import VALUE_BYTES
from reben.net.addresses import is_address

_ARCHIVES: dict[str, tuple[Part, PublishedFile]] = {
    "s2": (S2_PATCHES, S2_ARCHIVE),
    "s1": (S1_PATCHES, S1_ARCHIVE),
    "maps": (REFERENCE_MAPS, MAPS_ARCHIVE),
}
KINDS = tuple(_ARCHIVES)
"""What a part of the data set may consist of."""
_PATCHES = ("s2", "s1")
_WITHOUT = {"s2": "--bands s1", "s1": "--bands s2", "maps": "--no-maps"}
_WORDS = ("auto", "lmdb", "archives")
_LMDB_SUFFIXES = (".mdb", ".lmdb")
_HINT = (
    "give auto, lmdb, archives, the address or path of an LMDB file, or those of archives (.tar.zst, .tar.gz, .tar); "
)
_HINT += "addresses begin with https://, hf:// or s3://"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where values may come from."""

    lmdb: str | Path | None = None
    """Address or path of an LMDB file, or None."""
    archives: Mapping[str, Archive] = field(default_factory=dict)
    """By kind: `s2`, `s1`, `maps`."""

    def part_of(self, kind: str) -> Part:
        """What the encoder has to know of a kind."""
        return _ARCHIVES[kind][0]

    def archive_of(self, kind: str) -> Archive:
        """The archive with the values of a kind.

        Raises:
            EncodeError: if there is none.
        """
        if kind not in self.archives:
            raise EncodeError(
                f"--source names no archive with {_ARCHIVES[kind][0].name}",
                hint=f"add {_ARCHIVES[kind][0].folder}.tar.zst or the address of it as a further --source, "
                f"or leave them out with {_WITHOUT[kind]}",
            )
        return self.archives[kind]

    def nbytes_of(self, kind: str) -> int:
        """Size of the archive with the values of a kind, for progress; 0 if it is not known."""
        archive = self.archive_of(kind)
        file = _ARCHIVES[kind][1]
        published = file.nbytes if archive.parts == (file.address,) else None
        return nbytes_of(archive) or published or 0


def sources_of(given: Sequence[str], wanted: Mapping[str, int]) -> Sources:
    """The sources that are named, or those that suit.

    Args:
        given: of `GetOptions.source`.
        wanted: number of values by kind; `auto` takes what brings fewer bytes.

    Raises:
        EncodeError: if a word is mixed with others, or a source is neither an LMDB file nor an archive of a known part.
        ArchiveError, AddressError: if an address cannot be used.
    """
    words = [word for word in given if word in _WORDS]
    if words and len(given) > 1:
        raise EncodeError(f"--source {words[0]} stands alone; {len(given)} sources were given", hint=_HINT)
    if words:
        word = _cheaper(wanted) if words[0] == "auto" else words[0]
        return _published(word, wanted)
    return _named(given)


def _cheaper(wanted: Mapping[str, int]) -> str:
    """The source that takes fewer bytes."""
    values = sum(wanted.get(kind, 0) * nbytes for kind, nbytes in VALUE_BYTES.items() if kind in _PATCHES)
    archives = sum(_ARCHIVES[kind][1].nbytes or 0 for kind in _PATCHES if wanted.get(kind))
    return "lmdb" if values <= archives else "archives"


def _published(word: str, wanted: Mapping[str, int]) -> Sources:
    kinds = [kind for kind in KINDS if wanted.get(kind)]
    archives = {kind: archive_of((_ARCHIVES[kind][1].address,)) for kind in kinds}
    if word == "archives":
        return Sources(None, archives)
    return Sources(LMDB_COPY, {kind: archive for kind, archive in archives.items() if kind == "maps"})


def _named(given: Sequence[str]) -> Sources:
    """Sources as they are given, each for what its name says.

    Raises:
        EncodeError: if one is of no known kind, or two are of one.
    """
    lmdb: str | Path | None = None
    archives: dict[str, Archive] = {}
    parts: dict[str, list[Path | str]] = {}
    for text in given:
        kind = _kind_of(text)
        if kind != "lmdb":
            parts.setdefault(kind, []).append(text if is_address(text) else Path(text))
        elif lmdb is not None:
            raise EncodeError(f"--source: {lmdb} and {text} are both LMDB files", hint="give one of them")
        else:
            lmdb = text if is_address(text) else Path(text)
    for kind, places in parts.items():
        alone = archive_at(places[0]) if len(places) == 1 else None
        archives[kind] = alone if alone is not None else archive_of(places)
    return Sources(lmdb, archives)


def _kind_of(text: str) -> str:
    """What a source has: `lmdb`, or the kind of an archive.

    Raises:
        EncodeError: if its name does not tell.
    """
    name = text.partition("?")[0].rstrip("/")
    last = name.removesuffix("/content").rpartition("/")[2]  # folders may be called like archives, too
    path = Path(text)
    if (path.is_dir() and is_store(path)) or (path.suffix in _LMDB_SUFFIXES and path.is_file()):
        return "lmdb"
    if ".tar" not in name.rpartition("/")[2] and not name.endswith(("/content", ".tgz", ".tzst")):
        if not is_address(text):
            raise EncodeError(f"--source {text}: is neither a store nor called like an archive", hint=_HINT)
        return "lmdb"
    for kind, (part, _) in _ARCHIVES.items():
        if part.folder in last:
            return kind
    folders = ", ".join(part.folder for part, _ in _ARCHIVES.values())
    raise EncodeError(f"--source {text}: its name does not say what it holds", hint=f"archives are called {folders}")
