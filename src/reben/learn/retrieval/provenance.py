"""What results were made of, by hashes and versions: two of them can be compared if these are the same."""

import hashlib
import importlib.metadata
from collections.abc import Iterable

import pyarrow as pa

_LIBRARIES = ("torch", "timm", "torchgeo")


def hash_of_ids(ids: pa.ChunkedArray | Iterable[str]) -> str:
    """SHA-256 of patch ids, whatever their order."""
    names = sorted(ids.to_pylist() if isinstance(ids, pa.ChunkedArray) else ids)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def hash_of_rows(rows: pa.Table) -> str:
    """SHA-256 of what tables say of patches that scores depend on: id, split, labels; whatever the order of rows."""
    digest = hashlib.sha256()
    columns = (rows[name].to_pylist() for name in ("patch_id", "split", "labels"))
    for patch_id, split, labels in sorted(zip(*columns, strict=True)):
        digest.update(f"{patch_id}\t{split}\t{'|'.join(sorted(labels))}\n".encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of the libraries that make numbers, as far as they are installed."""
    installed = {name: _version(name) for name in _LIBRARIES}
    return {name: version for name, version in installed.items() if version}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
