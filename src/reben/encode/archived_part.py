"""The samples of a part that lies in an archive, in the order of their keys, while the archive is read once."""

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from reben.core.errors import ArchiveError, EncodeError
from reben.encode.archived_names import MemberNames, SamplePlace
from reben.encode.specification import Part
from reben.io.archives.reading import open_text, with_name
from reben.io.archives.source import ArchiveSource
from reben.io.archives.tar_stream import Member, Text, members
from reben.io.archives.zstd_stream import Entry

Wanted = Callable[[str], bool] | Collection[str] | None
"""Keys to take: a test, all of them by name, or None for every one."""

_FILE_FACTOR, _FILE_EXTRA = 4, 1 << 20
"""A file may have so many times the bytes of its pixels, and so many more."""
_MOST_STARTS = 1 << 17


class OutOfOrderError(Exception):
    """An archive does not have its samples in the order of their keys."""


@dataclass(frozen=True, slots=True)
class ArchivedSample:
    """A sample with the content of its files."""

    key: str
    stem: str
    """Archive and path in it, without the suffixes of the files."""
    content: dict[str, bytes]
    """Files by their suffix."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where an interrupted run can go on."""

    entry: Entry
    start: int
    """Position in the text at which a sample begins; all before it are written."""
    path: str
    """Of the member there."""


@dataclass
class _Group:
    """The sample whose files are coming."""

    place: SamplePlace
    offset: int
    content: dict[str, bytes] = field(default_factory=dict)


class ArchivedPart:
    """Reads the samples of a part from an archive.

    Args:
        source: the archive, open.
        part: what is in it.
        wanted: which keys to take.
        after: keys up to this one have been written by an earlier run.
        checkpoint: where that run can go on.
        tell: called with lines that people should read.
    """

    def __init__(
        self,
        source: ArchiveSource,
        part: Part,
        *,
        wanted: Wanted = None,
        after: str = "",
        checkpoint: Checkpoint | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.source, self.part = source, part
        self.is_whole = True
        """Whether the archive is read to its end; not so if all that is wanted comes before."""
        self.found = 0
        """Samples of the part that were seen, wanted or not."""
        self._name = str(source.archive)
        self._names = MemberNames(part, self._name)
        self._wanted, self._after, self._checkpoint, self._tell = wanted, after, checkpoint, tell
        self._missing = _relevant(wanted, part, after)
        self._last_wanted = max(self._missing, default="") if self._missing is not None else None
        self._most_bytes = largest_file(part)
        self._next: tuple[SamplePlace, str] | None = None
        self._last = ""
        self._group: _Group | None = None
        self._held: list[tuple[str, int, ArchivedSample]] = []
        self._given: deque[tuple[str, int]] = deque()
        self._starts: deque[tuple[int, str]] = deque(maxlen=_MOST_STARTS)
        self._entries: list[Entry] = []

    def samples(self) -> Iterator[ArchivedSample]:
        """All samples that are wanted and not yet written, sorted by key.

        Raises:
            OutOfOrderError: if the archive is in another order.
            ArchiveError, DownloadError: if it cannot be read.
            EncodeError: if it has a sample twice, none at all, or not all of those that are wanted by name.
        """
        if self._last_wanted == "":
            self.is_whole = False
            return
        if self._checkpoint is not None and (yield from self._resumed(self._checkpoint)):
            return
        with open_text(self.source, found=self._entries.append) as pieces:
            yield from self._samples(self._members(Text(pieces)))

    def written(self, last: str) -> None:
        """Note that all samples up to this key are written."""
        while self._given and self._given[0][0] <= last:
            self._given.popleft()

    def checkpoint(self) -> Checkpoint | None:
        """The last place at which an interrupted run could go on now; None if there is no new one."""
        if not self._entries:
            return None
        offsets = [offset for _, offset in self._given] + [offset for _, offset, _ in self._held]
        if self._group is not None:
            offsets.append(self._group.offset)
        safe = min(offsets, default=-1)
        for number in reversed(range(len(self._entries))):
            entry = self._entries[number]
            place = bisect_left(self._starts, (entry.text_position, ""))
            if place < len(self._starts) and self._starts[place][0] <= safe and (place or not self._are_forgotten):
                start = self._starts[place]
                del self._entries[: number + 1]
                for _ in range(place):
                    self._starts.popleft()
                return Checkpoint(entry, *start)
        return None

    @property
    def _are_forgotten(self) -> bool:
        """Whether starts of samples may have been dropped."""
        return len(self._starts) == _MOST_STARTS

    def _resumed(self, checkpoint: Checkpoint) -> Generator[ArchivedSample, None, bool]:
        """The samples from a checkpoint on; its value is False if there is not what should be."""
        entry = checkpoint.entry
        try:
            with open_text(self.source, entry, found=self._entries.append) as pieces:
                text = Text(pieces, entry.text_position)
                text.skip(checkpoint.start - entry.text_position)
                found = self._members(text)
                first = next(found, None)
                if first is not None and first.path == checkpoint.path:
                    self._entries.insert(0, entry)  # of use again if this run, too, is interrupted soon
                    yield from self._samples(_chained(first, found))
                    return True
        except ArchiveError:
            if self.found:
                raise
        self._tell(f"note: {self._name}: cannot be entered where the last run stopped; it is read from its beginning")
        self._entries.clear()
        return False

    def _members(self, text: Text) -> Iterator[Member]:
        try:
            yield from members(text, wanted=self._is_wanted, most_bytes=self._most_bytes)
        except ArchiveError as error:
            raise with_name(self._name, error) from error

    def _is_wanted(self, path: str) -> bool:
        """Whether the content of a file is needed."""
        self._next = self._names.place(path, is_folder=False)
        return self._next is not None and self._next[1] != "" and self._takes(self._next[0].key)

    def _takes(self, key: str) -> bool:
        return key > self._after and takes(self._wanted, key)

    def _samples(self, found: Iterator[Member]) -> Iterator[ArchivedSample]:
        for member in found:
            if member.is_folder:
                self._next = self._names.place(member.path, is_folder=True)
            if self._next is None:
                continue
            place, suffix = self._next
            if self._group is None or self._group.place.key != place.key:
                yield from self._finish_group()
                self.is_whole = self._last_wanted is None or place.order <= self._last_wanted
                if not self.is_whole:
                    break
                self._begin(place, member)
            self._add(suffix, member)
        yield from self._finish_group()
        yield from self._let_go(None)
        self._expect_found()

    def _begin(self, place: SamplePlace, member: Member) -> None:
        """Begin a sample.

        Raises:
            OutOfOrderError: if it should have come before.
        """
        if place.order <= self._last:
            raise OutOfOrderError
        self._last = place.order
        self._group = _Group(place, member.offset)
        self._starts.append((member.offset, member.path))
        self.found += 1
        if self.found == 1 and self._checkpoint is None and place.key <= self._after:
            self._tell(
                f"note: {self._name}: was not read to a place at which it can be entered; it is read from its "
                "beginning, and what is written already is left out"
            )

    def _add(self, suffix: str, member: Member) -> None:
        """Add a file to the sample.

        Raises:
            EncodeError: if it is there already.
        """
        if self._group is None or member.data is None or not suffix:
            return
        if suffix in self._group.content:
            raise EncodeError(f"{self._name}: {member.path} occurs twice", hint="make the archive again")
        self._group.content[suffix] = member.data

    def _finish_group(self) -> Iterator[ArchivedSample]:
        group, self._group = self._group, None
        if group is None:
            return
        if self._takes(group.place.key):
            sample = ArchivedSample(group.place.key, f"{self._name}/{group.place.stem}", group.content)
            heappush(self._held, (sample.key, group.offset, sample))
            if self._missing is not None:
                self._missing.discard(sample.key)
        yield from self._let_go(group.place.order)

    def _let_go(self, order: str | None) -> Iterator[ArchivedSample]:
        """The samples that nothing can come before any more: all later ones are behind `order`; None means all."""
        while self._held and (order is None or self._held[0][0] <= order):
            key, offset, sample = heappop(self._held)
            self._given.append((key, offset))
            yield sample

    def _expect_found(self) -> None:
        """Check that there was what should be.

        Raises:
            EncodeError: if not.
        """
        if not self.found and not self._after:
            raise EncodeError(
                f"{self._name}: no {self.part.name} found",
                hint=f"expected members like {'/'.join(filter(None, (self.part.folder, self.part.example)))}",
            )
        if self._missing:
            raise EncodeError(
                f"{self._name}: {len(self._missing):,} of the wanted {self.part.name} are not in it, the first: "
                f"{min(self._missing)}",
                hint="check that the archive and the metadata tables are of one release",
            )


def _chained(first: Member, others: Iterator[Member]) -> Iterator[Member]:
    yield first
    yield from others


def _relevant(wanted: Wanted, part: Part, after: str) -> set[str] | None:
    """Wanted keys of a part that are not written yet; None if they are not known by name."""
    if wanted is None or callable(wanted):
        return None
    if part.layout.key_parts > 1:
        return None
    pattern = re.compile(f"(?:{part.layout.pattern}){re.escape(part.layout.key_suffix)}", re.ASCII)
    return {key for key in wanted if key > after and pattern.fullmatch(key)}


def takes(wanted: Wanted, key: str) -> bool:
    """Whether a key is wanted."""
    if wanted is None:
        return True
    return wanted(key) if callable(wanted) else key in wanted


def largest_file(part: Part) -> int:
    """Bytes that a file of the part may have."""
    return _FILE_EXTRA + _FILE_FACTOR * max(_nbytes(part))


def _nbytes(part: Part) -> Iterator[int]:
    """Bytes of the pixels of each file, at most."""
    for file in part.files:
        tensor = file.tensors[0]
        side = max(tensor.shape) + file.tolerance_px
        yield len(file.tensors) * side * side * tensor.dtype.itemsize
