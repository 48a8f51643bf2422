"""Products as the catalogue describes them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reben.core.errors import CatalogueError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHECKSUMS = {"MD5": re.compile(r"[0-9a-f]{32}"), "BLAKE3": re.compile(r"[0-9a-f]{64}")}
_HINT = "this is not an answer of a Copernicus catalogue, or its form has changed"


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """A product, and what is needed to tell whether a download is whole."""

    name: str
    """With `.SAFE`."""
    id: str
    """UUID under which it is downloaded."""
    size: int | None = None
    """Bytes of its zip file; None where it is not known."""
    md5: str = ""
    """Checksum of its zip file, lower-case hexadecimal digits; empty where there is none."""
    blake3: str = ""
    online: bool = True
    """Whether it can be downloaded right now."""
    sensing: str = ""
    """Start of the acquisition, ISO 8601, UTC."""
    cloud_pct: float | None = None

    def __post_init__(self) -> None:
        """Refuse what must not become part of an address or a file name.

        Raises:
            CatalogueError: if name, id, size or a checksum do not have the form they should have.
        """
        expect_name(self.name)
        if not _ID.fullmatch(self.id):
            raise CatalogueError(f"{self.name}: {self.id!r} is not an id; expected a UUID", hint=_HINT)
        if self.size is not None and self.size <= 0:
            raise CatalogueError(f"{self.name}: has a size of {self.size} bytes", hint=_HINT)
        for kind, value in (("MD5", self.md5), ("BLAKE3", self.blake3)):
            if value and not _CHECKSUMS[kind].fullmatch(value):
                raise CatalogueError(f"{self.name}: {value!r} is not a valid {kind} checksum", hint=_HINT)

    @property
    def stem(self) -> str:
        """The name without `.SAFE`."""
        return self.name.removesuffix(".SAFE")


def expect_name(name: str) -> None:
    """Check that a text can be the name of a product: letters, digits, `_`, `-` and points.

    Raises:
        CatalogueError: if not.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise CatalogueError(
            f"{name!r} is not a product name",
            hint="expected one like S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE",
        )


def parse_product(entry: object) -> CatalogueProduct:
    """A product out of an OData answer.

    Raises:
        CatalogueError: if a part that matters is missing or has another type than it should have.
    """
    try:
        return _parse(entry)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CatalogueError(f"a product of the catalogue cannot be read: {reason}", hint=_HINT) from error


def _parse(entry: Any) -> CatalogueProduct:  # noqa: ANN401 - JSON
    size, online = entry.get("ContentLength") or None, entry["Online"]  # 0: the catalogue does not know
    if not (size is None or type(size) is int) or type(online) is not bool:
        raise TypeError("ContentLength must be a number, Online true or false")
    checksums = dict(_checksums(entry))
    return CatalogueProduct(
        name=str(entry["Name"]),
        id=str(entry["Id"]),
        size=size,
        md5=checksums.get("MD5", ""),
        blake3=checksums.get("BLAKE3", ""),
        online=online,
        sensing=str((entry.get("ContentDate") or {}).get("Start", "")),
        cloud_pct=_cloud_pct(entry),
    )


def _checksums(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for checksum in entry.get("Checksum") or ():
        if checksum.get("Algorithm") in _CHECKSUMS:
            yield checksum["Algorithm"], str(checksum["Value"]).lower()


def _cloud_pct(entry: Mapping[str, Any]) -> float | None:
    for attribute in entry.get("Attributes") or ():
        if attribute.get("Name") == "cloudCover":
            return float(attribute["Value"])
    return None
