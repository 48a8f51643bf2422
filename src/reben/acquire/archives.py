"""What has been downloaded: whether it is what the catalogue describes, and its way to a `.SAFE` folder.

Archives come from anywhere: what would leave the folder or fill the disk is refused. Source of the rules: OWASP,
"Zip slip" and "zip bombs"; the folders: sen2cor stops without them, and archives of the Data Space do not hold empty
folders.
"""

import errno
import hashlib
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from reben.acquire.products import CatalogueProduct
from reben.core.errors import DownloadError
from reben.work import atomic

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


MOST_BYTES = 16 << 30
"""Of an unpacked product; real ones have some 0.8 GB (Sentinel-2) to 2 GB (Sentinel-1)."""
MOST_FILES = 20_000
MOST_RATIO = 50
"""Unpacked to packed bytes; JPEG 2000 gives 1."""
_ENCRYPTED = 0x1
_EMPTY_FOLDERS = (("DATASTRIP", "QI_DATA"), ("GRANULE", "AUX_DATA"))
"""Folders that sen2cor wants in each folder of these."""


Files = dict[str, tuple[int, int]]
"""Size and CRC-32 of files, by their path in the product."""


def unpack(
    archive: Path,
    target: Path,
    *,
    note: Callable[[Files], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Unpack a product; `target` appears when all is there, and every member's CRC-32 was right.

    Args:
        archive: zip file with one folder, named as `target`.
        target: the `.SAFE` folder to make.
        note: called with what the archive holds before `target` appears.
        check: called now and then; may raise to end it.

    Raises:
        DownloadError: if the archive is damaged, or holds what it should not.
        TargetExistsError: if there is something at `target`.
    """
    try:
        with zipfile.ZipFile(archive) as opened, atomic.new_directory(target) as folder:
            members = _members(opened, target.name, archive.stat().st_size)
            note({str(path): (info.file_size, info.CRC) for path, info in members.items() if not info.is_dir()})
            for path, member in members.items():
                _extract(opened, member, folder / path, check)
            _add_empty_folders(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DownloadError(f"{archive.name}: is a damaged zip file ({error})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # what the disk says is another matter
            raise
        raise DownloadError(f"{archive.name}: is a damaged zip file: it points out of itself") from error


def _members(archive: zipfile.ZipFile, top: str, packed_bytes: int) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """What is to be extracted, by its path in the product.

    Raises:
        DownloadError: if a limit is exceeded, or a member is not one that a product has.
    """
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > MOST_FILES or total > min(MOST_BYTES, MOST_RATIO * max(packed_bytes, 1 << 20)):
        raise DownloadError(
            f"{len(infos):,} files with {total:,} bytes are packed into {packed_bytes:,} bytes; refused"
        )
    members: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for info in infos:
        path = _path_in_product(info, top)
        if path is None:
            continue
        if path in members:
            raise DownloadError(f"{info.filename!r} is in the archive twice")
        members[path] = info
    files = {path for path, info in members.items() if not info.is_dir()}
    if not files:
        raise DownloadError(f"the archive holds no {top}")
    for path in members:
        if not files.isdisjoint(path.parents):
            raise DownloadError(f"{str(path)!r} lies in a file")
    return members


def _path_in_product(info: zipfile.ZipInfo, top: str) -> PurePosixPath | None:
    """The path below the product's folder; None for that folder itself.

    Raises:
        DownloadError: if it leads elsewhere, or is not a plain file or folder.
    """
    # orig_filename: zipfile cuts names at a NUL, and two members would become one
    name, parts = info.orig_filename, info.orig_filename.removesuffix("/").split("/")
    if "\\" in name or "\0" in name or parts[0] != top or any(part in {"", ".", ".."} for part in parts):
        raise DownloadError(f"{name!r} lies outside the folder {top}; refused")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise DownloadError(f"{name!r} is a link or a device; refused")
    if info.flag_bits & _ENCRYPTED:
        raise DownloadError(f"{name!r} is encrypted")
    return PurePosixPath(*parts[1:]) if len(parts) > 1 else None


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, check: Callable[[], None]) -> None:
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):  # never more than file_size, and the CRC-32 is compared at the end
            check()
            file.write(chunk)
    if target.stat().st_size != member.file_size:
        raise DownloadError(f"{member.filename!r} is shorter than the archive says")


def _add_empty_folders(folder: Path) -> None:
    for parent, name in _EMPTY_FOLDERS:
        for child in (folder / parent).glob("*/"):
            (child / name).mkdir(exist_ok=True)


def doomed_name(folder: Path) -> Path:
    """What a folder is called while it is being removed."""
    return folder.with_name(f".{folder.name}.removed")


def remove_folder(folder: Path) -> None:
    """Remove an unpacked product so that no half of it keeps the name."""
    doomed = doomed_name(folder)
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed)
