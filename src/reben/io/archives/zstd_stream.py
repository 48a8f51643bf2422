"""Decode a zstd stream block by block, and find the places where decoding can begin again.

A block may refer to the text before it, and to tables and offsets of the block before. `zstd --threads` cuts its input
into jobs, which refer to text only; so a frame can be entered at a job's first block if the text before it is known.
Whether it can is not assumed but tried: a second decoder starts there, and its text is compared with the first one's
for as long as blocks can refer to what was before, which is one window.
"""

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from reben.core.errors import ArchiveError
from reben.io.archives.zstd_format import (
    LARGEST_WINDOW,
    FrameHeader,
    Input,
    frame_from_text,
    next_block,
    next_frame,
    truncated,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENTRY_DISTANCE = 1 << 26
"""Bytes of text between one entry and the next."""
_JOB_BYTES = 1 << 23
"""Text of a job, or a multiple of it, at the levels up to 16; larger ones begin at some of these places, too."""
_MOST_TEXT = 1 << 23
"""Text that is kept for an entry; it is enough for level 19."""
_PATIENCE = 16
"""Places tried in vain, one after the other, before the distance is doubled."""
_FREE_TEXT, _MOST_RATIO = 1 << 30, 1_000
"""What a stream may decode to: so many bytes, and so many times what was read; patches are below 2, blank ones 300."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place where decoding can begin."""

    position: int
    """In the compressed stream."""
    text_position: int
    """In the text."""
    window: int = 0
    """Of the frame that is entered; 0 if a frame, or something else than zstd, begins here."""
    has_checksum: bool = False
    """Whether four bytes follow the last block of the frame."""
    text: bytes = b""
    """What was decoded before, as far as it is needed."""


START = Entry(0, 0)


def decode(chunks: Iterator[bytes], entry: Entry = START, *, distance: int | None = None) -> Iterator[bytes | Entry]:
    """The text of a stream, in pieces of at most 128 KiB, and, in between, entries into what was decoded already.

    Args:
        chunks: the stream, from the entry's position on.
        entry: where to begin.
        distance: bytes of text between entries, by default `ENTRY_DISTANCE`.

    Raises:
        ArchiveError: if the stream is damaged, cut short, not zstd, or decodes to far more than patches do.
    """
    source = Input(chunks, entry.position)
    begun, position = entry.position, entry.text_position
    trials = _Trials(position, distance or ENTRY_DISTANCE)
    frame = _resumed(entry) if entry.window else _begun(source)
    if frame is None:
        raise truncated(source.position)
    while frame is not None:
        is_last = False
        while not is_last:
            yield from trials.at(source.position, position, frame)
            block, is_last = next_block(source)
            text = frame.decode(block, source.position)
            position += len(text)
            trials.take(block, text)
            yield text
            _expect_in_proportion(position - entry.text_position, source.position - begun)
        frame.finish(source)
        trials.drop()
        between = Entry(source.position, position)
        frame = _begun(source)
        if frame is not None and trials.is_due(position):
            trials.last = position
            yield between


@dataclass
class _Frame:
    """A frame that is being decoded."""

    window: int
    has_checksum: bool
    decoder: zstd.ZstdDecompressor
    is_resumed: bool = False

    def decode(self, block: bytes | memoryview, position: int) -> bytes:
        """The text of a block.

        Raises:
            ArchiveError: if it is damaged.
        """
        return _decoded(self.decoder, block, position)

    def finish(self, source: Input) -> None:
        """Read what follows the last block, and have it compared if the frame was decoded from its beginning.

        Raises:
            ArchiveError: if the checksum is another one.
        """
        if self.has_checksum:
            checksum = bytes(source.expect(4))
            if not self.is_resumed:
                _decoded(self.decoder, checksum, source.position)
        if not self.decoder.eof:
            raise ArchiveError(f"has a damaged zstd frame before byte {source.position:,}", hint="download it again")


def _decoded(decoder: zstd.ZstdDecompressor, data: bytes | memoryview, position: int) -> bytes:
    try:
        return decoder.decompress(data)
    except (zstd.ZstdError, EOFError) as error:
        raise ArchiveError(f"is damaged before byte {position:,} ({error})", hint="download it again") from error


def _decoder() -> zstd.ZstdDecompressor:
    limit = LARGEST_WINDOW.bit_length() - 1
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: limit})


def _begun(source: Input) -> _Frame | None:
    """The next frame from its beginning; None at the end of the stream.

    Raises:
        ArchiveError: if something else follows.
    """
    header: FrameHeader | None = next_frame(source)
    if header is None:
        return None
    frame = _Frame(header.window, header.has_checksum, _decoder())
    frame.decode(header.raw, source.position)
    return frame


def _resumed(entry: Entry) -> _Frame:
    """The frame of an entry, in the state in which it was there."""
    frame = _Frame(entry.window, entry.has_checksum, _decoder(), is_resumed=True)
    if frame.decode(frame_from_text(entry.text, entry.window), entry.position) != entry.text:
        raise ArchiveError(f"cannot be entered at byte {entry.position:,}", hint="start again")
    return frame


def _expect_in_proportion(text: int, read: int) -> None:
    """Check that a stream does not decode to far more than patches do.

    Raises:
        ArchiveError: if it does.
    """
    if text > _FREE_TEXT + _MOST_RATIO * read:
        raise ArchiveError(
            f"decodes to {text:,} bytes from {read:,}: such an archive is made to fill disks, not to hold patches"
        )


class _Trials:
    """Tries to enter a stream at places where a job may begin."""

    def __init__(self, position: int, distance: int) -> None:
        self.last = position
        """Position in the text of the last entry."""
        self._distance = distance
        self._failures = 0
        self._texts: deque[bytes] = deque()
        self._kept = 0
        self._entry: Entry | None = None
        self._frame: _Frame | None = None
        self._left = 0

    def is_due(self, position: int) -> bool:
        return position - self.last >= self._distance

    def at(self, position: int, text_position: int, frame: _Frame) -> Iterator[Entry]:
        """Between two blocks: give an entry that has proved good, or begin to try one."""
        if self._entry is not None:
            if self._left > 0:
                return
            self.last, self._failures = self._entry.text_position, 0
            yield self._entry
            self._entry = self._frame = None
        if self.is_due(text_position) and text_position % min(_JOB_BYTES, self._distance) == 0 and self._kept:
            text = b"".join(self._texts)[-min(frame.window, _MOST_TEXT) :]
            self._entry = Entry(position, text_position, frame.window, frame.has_checksum, text)
            self._frame, self._left = _resumed(self._entry), frame.window

    def take(self, block: bytes | memoryview, text: bytes) -> None:
        """Note a block's text, and compare it with what a decoder makes of it that is on trial."""
        self._keep(text)
        if self._entry is None or self._frame is None:
            return
        try:
            good = self._frame.decode(block, 0) == text
        except ArchiveError:
            good = False
        if good:
            self._left -= len(text)
        else:
            self._fail()

    def drop(self) -> None:
        """At the end of a frame: what was before is of no use to the next one."""
        self._entry = self._frame = None
        self._texts.clear()
        self._kept = 0

    def _fail(self) -> None:
        self._entry = self._frame = None
        self._failures += 1
        if self._failures >= _PATIENCE:
            self._distance, self._failures = 2 * self._distance, 0

    def _keep(self, text: bytes) -> None:
        self._texts.append(text)
        self._kept += len(text)
        while self._kept - len(self._texts[0]) >= _MOST_TEXT:
            self._kept -= len(self._texts.popleft())
