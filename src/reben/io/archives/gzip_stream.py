"""Decode a gzip stream. It cannot be entered in the middle: reading that was interrupted begins at its first byte.

Source: RFC 1952.
"""

import zlib
from collections.abc import Iterator

from reben.core.errors import ArchiveError
from reben.io.archives.zstd_format import truncated

_PIECE_BYTES = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_FREE_TEXT, _MOST_RATIO = 1 << 30, 1_000
"""What a stream may decode to; deflate itself reaches a ratio of 1,032."""


def decode(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The text of a gzip stream of one or several members, in pieces of at most a mebibyte.

    Raises:
        ArchiveError: if it is damaged, cut short, not gzip, or decodes to far more than patches do.
    """
    decoder, is_begun = zlib.decompressobj(_GZIP), False
    read = written = 0
    for chunk in chunks:
        read += len(chunk)
        rest = chunk
        while rest:
            is_begun = True
            piece = _decoded(decoder, rest, read)
            written += len(piece)
            if written > _FREE_TEXT + _MOST_RATIO * read:
                raise ArchiveError(f"decodes to {written:,} bytes from {read:,}; no archive of patches does")
            yield piece
            rest = decoder.unconsumed_tail
            if decoder.eof:
                rest, decoder, is_begun = decoder.unused_data, zlib.decompressobj(_GZIP), False
    if is_begun or not written:
        raise truncated(read)


def _decoded(decoder: "zlib._Decompress", data: bytes, position: int) -> bytes:
    try:
        return decoder.decompress(data, _PIECE_BYTES)
    except zlib.error as error:
        raise ArchiveError(
            f"is damaged, or not gzip, before byte {position:,} ({error})", hint="download it again"
        ) from error
