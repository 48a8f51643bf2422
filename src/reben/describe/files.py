"""The files of a release, as records name them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reben.core.errors import MetadataError
from reben.work import atomic
from reben.work.checksums import sha256

Part = Literal["s2", "s1", "maps", "metadata", "store", "images", "record"]
"""What a file holds: patches of a sensor or reference maps as GeoTIFFs, a metadata table, (a part of) a store, Parquet
with images, or a catalogue record."""

_SHA256, _MD5 = "1220", "d50110"
"""Multihash prefixes: code and length (https://github.com/multiformats/multicodec, table.csv)."""


@dataclass(frozen=True, slots=True)
class DescribedFile:
    """One file of a release."""

    name: str
    """Path relative to the release, with slashes."""
    part: Part
    nbytes: int
    md5: str = ""
    """In hexadecimal digits; empty if it is not known."""
    sha256: str = ""

    @property
    def multihash(self) -> str:
        """The checksum as STAC writes it; empty if none is known.

        >>> DescribedFile("a", "store", 1, md5="55687065e77b6d0b0f1ff604a6e7b49c").multihash
        'd5011055687065e77b6d0b0f1ff604a6e7b49c'
        """
        if self.sha256:
            return _SHA256 + self.sha256
        return _MD5 + self.md5 if self.md5 else ""


def described(folder: Path, name: str, part: Part) -> DescribedFile:
    """A file that is there, with its SHA-256."""
    path = folder / name
    return DescribedFile(name, part, path.stat().st_size, sha256=sha256(path))


def of_part(files: Iterable[DescribedFile], *parts: Part) -> list[DescribedFile]:
    """The files that hold one of some parts."""
    return [file for file in files if file.part in parts]


def write_json_record(target: Path, content: dict[str, Any]) -> None:
    """Write a record; `</` is escaped, so that a page can embed it in a script.

    Raises:
        MetadataError: if a number in it is none that JSON has.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise MetadataError(
            f"{target.name}: {error}", hint="check statistics.json, or the means and standard deviations of the model"
        ) from error
    atomic.write_text(target, text.replace("</", "<\\/") + "\n")
