"""Checksums of files."""

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits, as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path: Path) -> str:
    """MD5 of a file, in hexadecimal digits, as `md5sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def sha3_256(path: Path) -> str:
    """SHA3-256 of a file, in hexadecimal digits, as `manifest.safe` has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha3_256").hexdigest()


def sha256_of_all(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 by path, sorted."""
    return {str(path): sha256(path) for path in sorted(paths)}
