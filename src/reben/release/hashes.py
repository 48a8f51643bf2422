"""`hashes.txt`: MD5 sums of all files of a release and of the tar archives in them, as `md5sum` writes them."""

import re
from collections.abc import Mapping
from pathlib import Path

from reben.core.errors import ReleaseError
from reben.core.release import RELEASE
from reben.io.small_files import read_text
from reben.work import atomic

HASHES_FILE = "hashes.txt"

_LINE = re.compile(r"\\?(?P<md5>[0-9a-fA-F]{32}) [ *](?P<name>\S.*?)\s*")
_HINT = "expected lines of an MD5 and a name, as md5sum writes them, or a hashes.txt of a release"


def write_hashes(path: Path, md5: Mapping[str, str]) -> None:
    """Write MD5 sums by name, sorted by name."""
    atomic.write_text(path, "".join(f"{md5[name]}  {name}\n" for name in sorted(md5)))


def read_hashes(path: Path) -> dict[str, str]:
    """MD5 sums by name, in lower case; lines that are neither sums nor empty may be headings at the top only.

    Raises:
        ReleaseError: if the file cannot be read, or has no sum, or a line that is not one.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(
        read_text(path, kind="a list of MD5 sums", error=ReleaseError, hint=_HINT).splitlines(), start=1
    ):
        match = _LINE.fullmatch(line)
        if match is not None:
            if found.setdefault(match["name"], match["md5"].lower()) != match["md5"].lower():
                raise ReleaseError(f"{path}, line {number}: {match['name']} has two different sums", hint=_HINT)
        elif found and line.strip():
            raise ReleaseError(f"{path}, line {number}: {line[:80]!r} is not an MD5 and a name", hint=_HINT)
    if not found:
        raise ReleaseError(f"{path}: has no MD5 sums", hint=_HINT)
    return found


def published_hashes() -> dict[str, str]:
    """MD5 sums of the published files of reBEN and of the tar archives in them.

    >>> published_hashes()["BigEarthNet-S2.tar"]
    '9ebc8cf8c95ee3fa5f21572baf8bf0d3'
    """
    sums = {file.name: file.md5 for file in RELEASE}
    return sums | {file.name.removesuffix(".zst"): file.tar_md5 for file in RELEASE if file.tar_md5}
