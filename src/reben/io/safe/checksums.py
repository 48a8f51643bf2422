"""Compare the images of a product with the checksums that it carries, each file once.

A JPEG 2000 file in which some bytes differ is often decoded without an error. Zip files carry a CRC-32 of every file;
products of ESA carry SHA3-256 (MD5 until 2021) of every file in `manifest.safe`. Only images are compared with the
latter: metadata are edited by many tools, and damage in them seldom goes unnoticed.

Source: CCSDS 661.0-B-1, XFDU (dataObject, byteStream, fileLocation, checksum); real products.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from threading import Event

from reben.core.errors import ProductError
from reben.io.safe.files import ProductFiles, elements, find_metadata, open_files, parse_xml, read_metadata

CRC32 = "CRC-32"
_MANIFEST = re.compile(r"(?:.*/)?manifest\.safe")
_ALGORITHMS = {"SHA3-256": "sha3_256", "SHA-256": "sha256", "MD5": "md5"}
"""What manifests call them, and what Python does."""
_CHUNK = 1 << 20

Stated = dict[str, tuple[str, str]]
"""Algorithm and hexadecimal digits by file."""


def compare_checksums(
    path: Path, images: Sequence[str], *, threads: int = 1, stopped: Callable[[], bool] = lambda: False
) -> tuple[str, ...]:
    """Read images of a product to their ends and compare them with all checksums that there are.

    Args:
        path: directory or zip file.
        images: paths in it.
        threads: files that are read at a time.
        stopped: asked now and then whether to give up.

    Returns:
        What every one of the images was compared with; nothing if one has no checksum.

    Raises:
        ProductError: if an image differs from one, or cannot be read.
    """
    if not images:
        return ()
    with closing(open_files(path)) as files, ThreadPoolExecutor(threads) as pool:
        stated = _stated(path, files)
        compared = list(pool.map(lambda name: _compare(path, files, name, stated.get(name), stopped), images))
    return tuple(sorted(set.intersection(*compared)))


@contextmanager
def comparing(path: Path, images: Sequence[str], *, threads: int = 1) -> Iterator[Callable[[], tuple[str, ...]]]:
    """Do the same beside what the block does; the block is given how to wait for the outcome, and must do so.

    Args:
        path: directory or zip file.
        images: paths in it.
        threads: files that are read at a time.
    """
    over = Event()
    with ThreadPoolExecutor(1) as beside:
        outcome = beside.submit(compare_checksums, path, images, threads=threads, stopped=over.is_set)
        try:
            yield outcome.result
        except ProductError:
            outcome.result()  # that a file is damaged says more than what its decoder made of it
            raise
        finally:
            over.set()


def _stated(path: Path, files: ProductFiles) -> Stated:
    """Checksums in the manifest, if there is one.

    Raises:
        ProductError: if the manifest is damaged or hostile.
    """
    manifest = find_metadata(path, files, _MANIFEST)
    if manifest is None:
        return {}
    folder, stated = PurePosixPath(manifest).parent, {}
    for stream in elements(parse_xml(path, manifest, read_metadata(files, manifest)), "byteStream"):
        place, checksum = (next(elements(stream, name), None) for name in ("fileLocation", "checksum"))
        if place is not None and checksum is not None:
            algorithm = checksum.attrib.get("checksumName", "").upper()
            if algorithm in _ALGORITHMS:
                name = (folder / place.attrib.get("href", "")).as_posix()
                stated[name] = (algorithm, (checksum.text or "").strip().lower())
    return stated


def _compare(
    path: Path, files: ProductFiles, name: str, stated: tuple[str, str] | None, stopped: Callable[[], bool]
) -> set[str]:
    """What one image was compared with.

    Raises:
        ProductError: if it differs.
    """
    digest = None if stated is None else hashlib.new(_ALGORITHMS[stated[0]], usedforsecurity=False)
    if digest is None and not files.has_crc:
        return set()
    with files.open(name) as file:  # reading to the end compares the CRC-32
        while chunk := file.read(_CHUNK):
            if stopped():
                return set()
            if digest is not None:
                digest.update(chunk)
    kinds = {CRC32} if files.has_crc else set()
    if digest is None or stated is None:
        return kinds
    if digest.hexdigest() != stated[1]:
        raise ProductError(
            f"{path}: {name} is damaged: its {stated[0]} is {digest.hexdigest()}, "
            f"manifest.safe says {stated[1][:64]!r}",
            hint="download the product again; --no-checksums takes it as it is",
        )
    return kinds | {stated[0]}
