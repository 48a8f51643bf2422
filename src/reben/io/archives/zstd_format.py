"""The outer structure of zstd streams: frames and blocks, without what is in the blocks.

Source: RFC 8878, sections 3.1.1 and 3.1.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reben.core.errors import ArchiveError

FRAME_MAGIC = 0xFD2FB528
_SKIPPABLE_MAGIC, _SKIPPABLE_MASK = 0x184D2A50, 0xFFFFFFF0
LONGEST_BLOCK = 1 << 17
LARGEST_WINDOW = 1 << 27
"""Bytes of memory that a frame may ask for: what `zstd --long` uses; published archives have 2 MiB."""
_SMALLEST_WINDOW = 1 << 10
_RAW, _RLE, _RESERVED = 0, 1, 3
_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)


class Input:
    """Takes bytes off a sequence of chunks."""

    def __init__(self, chunks: Iterator[bytes], position: int = 0) -> None:
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self._at = 0
        self.position = position
        """Of the next byte in the whole stream."""

    def take(self, nbytes: int) -> bytes | memoryview:
        """The next bytes; fewer at the end only."""
        end = self._at + nbytes
        if end <= len(self._chunk):
            taken: bytes | memoryview = self._chunk[self._at : end]
            self._at = end
        else:
            taken = self._joined(nbytes)
        self.position += len(taken)
        return taken

    def expect(self, nbytes: int) -> bytes | memoryview:
        """The next bytes.

        Raises:
            ArchiveError: if the stream ends before them.
        """
        taken = self.take(nbytes)
        if len(taken) < nbytes:
            raise truncated(self.position)
        return taken

    def expect_with(self, head: bytes | memoryview, nbytes: int) -> bytes | memoryview:
        """The bytes that were taken last and the next ones, together, if possible without a copy.

        Raises:
            ArchiveError: if the stream ends before them.
        """
        if self._at < len(head):
            return b"".join((head, self.expect(nbytes)))
        self._at -= len(head)
        self.position -= len(head)
        return self.expect(len(head) + nbytes)

    def _joined(self, nbytes: int) -> bytes:
        pieces = [self._chunk[self._at :]]
        missing = nbytes - len(pieces[0])
        self._chunk, self._at = memoryview(b""), 0
        while missing:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            view = memoryview(chunk)
            pieces.append(view[:missing])
            if len(view) > missing:
                self._chunk, self._at = view, missing
            missing -= len(pieces[-1])
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What a frame says of itself."""

    raw: bytes
    """Magic number and header, as they are in the stream."""
    window: int
    """Bytes of text that blocks may refer back to."""
    has_checksum: bool


def truncated(position: int) -> ArchiveError:
    """The error for a stream that ends too early."""
    return ArchiveError(f"ends in the middle of its data, at byte {position:,}", hint="download it again")


def next_frame(source: Input) -> FrameHeader | None:
    """The header of the next frame; skippable frames are left out, and None is the end of the stream.

    Raises:
        ArchiveError: if something else follows, the stream ends within, the frame needs a dictionary, or more memory
            than is granted.
    """
    while magic := source.take(4):
        if len(magic) < 4:  # noqa: PLR2004 - bytes of a magic number
            raise truncated(source.position)
        number = int.from_bytes(magic, "little")
        if number == FRAME_MAGIC:
            return _header(source, bytes(magic))
        if number & _SKIPPABLE_MASK != _SKIPPABLE_MAGIC:
            raise ArchiveError(
                f"is not zstd data at byte {source.position - 4:,}", hint="it may be damaged, or another kind of file"
            )
        missing = int.from_bytes(source.expect(4), "little")
        while missing:
            missing -= len(source.expect(min(missing, LONGEST_BLOCK)))
    return None


def _header(source: Input, magic: bytes) -> FrameHeader:
    """The header behind a magic number.

    Raises:
        ArchiveError: if it is not one that we read.
    """
    start = source.position - len(magic)
    descriptor = source.expect(1)[0]
    single, size_code = descriptor >> 5 & 1, descriptor >> 6
    window_byte = b"" if single else bytes(source.expect(1))
    dictionary = bytes(source.expect(_DICTIONARY_BYTES[descriptor & 3]))
    content = bytes(source.expect(_SIZE_BYTES[size_code] if size_code or not single else 1))
    if descriptor & 8 or any(dictionary):
        raise ArchiveError(f"has a zstd frame at byte {start:,} that needs a dictionary, or a newer zstd")
    if single:
        window = int.from_bytes(content, "little") + (256 if len(content) == _SIZE_BYTES[1] else 0)
    else:
        base = 1 << (10 + (window_byte[0] >> 3))
        window = base + (base >> 3) * (window_byte[0] & 7)
    if window > LARGEST_WINDOW:
        raise ArchiveError(
            f"has a zstd frame that needs a window of {window:,} bytes; at most {LARGEST_WINDOW:,} are granted",
            hint="compress it again, without --long above 27",
        )
    raw = magic + bytes([descriptor]) + window_byte + dictionary + content
    return FrameHeader(raw, max(window, _SMALLEST_WINDOW), bool(descriptor >> 2 & 1))


def next_block(source: Input) -> tuple[bytes | memoryview, bool]:
    """The next block with its header, and whether it is the last of its frame.

    Raises:
        ArchiveError: if the stream ends within, or there is no block.
    """
    head = source.expect(3)
    number = int.from_bytes(head, "little")
    kind, size = number >> 1 & 3, number >> 3
    if kind == _RESERVED or (kind != _RLE and size > LONGEST_BLOCK):
        raise ArchiveError(f"has a damaged zstd block before byte {source.position:,}", hint="download it again")
    return source.expect_with(head, 1 if kind == _RLE else size), bool(number & 1)


def frame_from_text(text: bytes, window: int) -> bytes:
    """The beginning of a frame that has decoded to `text` so far, in raw blocks; any block may follow.

    Args:
        text: at most `window` bytes.
        window: of the frame, in bytes.
    """
    longest = min(LONGEST_BLOCK, window)
    blocks = (text[start : start + longest] for start in range(0, len(text), longest))
    raw = b"".join((len(block) << 3 | _RAW << 1).to_bytes(3, "little") + block for block in blocks)
    return FRAME_MAGIC.to_bytes(4, "little") + b"\0" + bytes([_window_byte(window)]) + raw


def _window_byte(window: int) -> int:
    """The descriptor of the smallest window that is not smaller than `window`."""
    for byte in range(1 << 8):
        base = 1 << (10 + (byte >> 3))
        if base + (base >> 3) * (byte & 7) >= window:
            return byte
    raise ArchiveError(f"a zstd window of {window:,} bytes cannot be described")
