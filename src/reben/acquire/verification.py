"""Whether a download is what the catalogue describes: size, MD5, BLAKE3, and, without checksums, the zip's own."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from reben.acquire.products import CatalogueProduct
from reben.core.errors import DownloadError

_CHUNK = 1 << 20
ZIP_START = b"PK\x03\x04"
"""First bytes of every zip file that is not empty."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def hexdigest(self) -> str: ...


def verify(path: Path, product: CatalogueProduct, *, check: Callable[[], None] = lambda: None) -> list[str]:
    """Compare a file with the catalogue; what was compared, such as `["size", "MD5"]`.

    MD5 is compared wherever the catalogue has it, BLAKE3 where the package `blake3` is installed, too. A product of
    which the catalogue knows no checksum is read as a zip file, whose members have checksums of their own (CRC-32).

    Args:
        path: the zip file.
        product: what it should be.
        check: called now and then; may raise to end it.

    Raises:
        DownloadError: at the first difference.
    """
    done = []
    size = path.stat().st_size
    if product.size is not None:
        if size != product.size:
            raise DownloadError(f"has {size:,} bytes; the catalogue says {product.size:,}")
        done.append("size")
    hashes = dict(_hashes(product))
    expected = {"MD5": product.md5, "BLAKE3": product.blake3}
    with path.open("rb") as file:
        if file.read(len(ZIP_START)) != ZIP_START:
            raise DownloadError("is not a zip file")
        file.seek(0)
        while hashes and (chunk := file.read(_CHUNK)):
            check()
            for kind in hashes.values():
                kind.update(chunk)
    for name, made in hashes.items():
        if made.hexdigest() != expected[name]:
            raise DownloadError(f"has the {name} checksum {made.hexdigest()}; the catalogue says {expected[name]}")
        done.append(name)
    if not hashes:
        _read_members(path, check)
        done.append("CRC-32 of all members")
    return done


def verify_folder(
    folder: Path, files: Mapping[str, tuple[int, int]], *, check: Callable[[], None] = lambda: None
) -> list[str]:
    """Compare an unpacked product with what its zip file held.

    Args:
        folder: the `.SAFE` folder.
        files: size and CRC-32 by path in it.
        check: called now and then; may raise to end it.

    Raises:
        DownloadError: if a file is missing or differs.
    """
    for name, (size, crc) in files.items():
        check()
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise DownloadError(f"{name} is missing or has another size than in the zip file")
        if _crc32(path) != crc:
            raise DownloadError(f"{name} is not what the zip file held")
    return ["size and CRC-32 of all files"]


def _hashes(product: CatalogueProduct) -> list[tuple[str, _Hash]]:
    hashes: list[tuple[str, _Hash]] = []
    if product.md5:
        hashes.append(("MD5", hashlib.md5(usedforsecurity=False)))
    if product.blake3:
        try:
            from blake3 import blake3  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            return hashes
        hashes.append(("BLAKE3", blake3()))
    return hashes


def _read_members(path: Path, check: Callable[[], None]) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    while file.read(_CHUNK):
                        check()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise DownloadError(f"is a damaged zip file ({error})") from error


def _crc32(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
