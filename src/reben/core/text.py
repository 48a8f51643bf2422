"""Texts that people will read, although parts of them come from anywhere: file names, metadata, answers of servers."""

import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters: escape sequences of terminals begin with one
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # marks that reverse or break a line
    "\ud800-\udfff]"  # what Python makes of bytes that are not UTF-8
)
_FIRST_ESCAPED, _LAST_ESCAPED = 0xDC80, 0xDCFF
"""Bytes 0x80 to 0xff of file names that are not UTF-8 (PEP 383)."""
_LAST_BYTE = 0xFF
_GAP = " [...] "


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with everything escaped that a terminal would obey, reorder or fail to encode.

    Args:
        text: any text.
        keep: control characters to leave as they are, such as a line feed.

    >>> printable("a\x1b[31mb\udcff\u202e")
    'a\\x1b[31mb\\xff\\u202e'
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and its end if it has more than `most` characters.

    >>> shortened("a" * 100, 20)
    'aaaaaaaaa [...] aaaa'
    """
    if len(text) <= most:
        return text
    last = (most - len(_GAP)) // 3
    return text[: most - len(_GAP) - last] + _GAP + text[-last:]


def _escaped(character: str) -> str:
    code = ord(character)
    if _FIRST_ESCAPED <= code <= _LAST_ESCAPED:
        code &= _LAST_BYTE
    return f"\\x{code:02x}" if code <= _LAST_BYTE else f"\\u{code:04x}"
