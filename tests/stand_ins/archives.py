"""Archives as the published ones were made: GNU tar with sorted files only, and zstd with threads."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

ZSTD = ("zstd", "-q", "-6", "--threads=2")
_TAR = (
    "tar", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner", "--mtime=2024-01-01 00:00Z", "--no-recursion",
)  # fmt: skip


def tar_of(folder: Path, target: Path, *, files: Sequence[Path] | None = None, options: Sequence[str] = _TAR) -> Path:
    """An archive of the files in a folder, under the folder's own name, sorted by path."""
    chosen = sorted(path for path in folder.rglob("*") if path.is_file()) if files is None else files
    names = "".join(f"{path.relative_to(folder.parent)}\n" for path in chosen)
    subprocess.run([*options, "-C", folder.parent, "-cf", target, "-T", "-"], input=names.encode(), check=True)
    return target


def zstd_of(tar: Path, *, command: Sequence[str] = ZSTD) -> Path:
    """The same, compressed, beside it."""
    target = tar.with_name(f"{tar.name}.zst")
    subprocess.run([*command, "-f", tar, "-o", target], check=True)
    return target


def archive_of(folder: Path, place: Path) -> Path:
    """A folder as an archive like the published ones."""
    return zstd_of(tar_of(folder, place / f"{folder.name}.tar"))
