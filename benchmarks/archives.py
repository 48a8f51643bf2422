"""Archives to a store, against unpacking and encoding, and against decoding and writing as many bytes."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.io.dataset.paths import DatasetPaths

ARCHIVES, UNPACK, BARE = (
    "reben encode, from the archives",
    "tar --zstd -x, reben encode",
    "zstd -d, writing as many bytes",
)
_PARTS = ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")
_ENCODE = """
import sys
from pathlib import Path
from benchmarks.timing import peak_memory_bytes
from reben.encode.archives import encode_archives
from reben.encode.bigearthnet import sources
s2, s1, maps, target = map(Path, sys.argv[1:])
encode_archives(sources(s2=s2, s1=s1, reference_maps=maps), target)
print(peak_memory_bytes())
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    seconds: dict[str, float]
    peak_memory_bytes: int
    """Of the process that encodes the archives."""


def measure(data: BenchData, scratch: Path, *, rounds: int) -> Figures:
    """Median seconds of each way from the archives to a store, or to as many bytes on the disk."""
    archives = [_archive(data.paths.root / part, scratch) for part in _PARTS]
    target, unpacked, store = scratch / "target", scratch / "unpacked", scratch / "whole"
    peaks: list[int] = []

    def prepare() -> None:
        for path in (target, unpacked):
            shutil.rmtree(path, ignore_errors=True)

    shutil.rmtree(store, ignore_errors=True)
    _encode(archives, store)
    ways = {
        ARCHIVES: lambda: peaks.append(_encode(archives, target)),
        UNPACK: lambda: _unpack_and_encode(archives, unpacked, target),
        BARE: lambda: _decode_and_write(archives, store, target),
    }
    seconds = medians_s(ways, rounds=rounds, prepare=prepare)
    prepare()
    shutil.rmtree(store)
    for archive in archives:
        archive.unlink()
    return Figures(seconds, max(peaks))


def _archive(folder: Path, scratch: Path) -> Path:
    """A part as it is published: GNU tar of sorted files, `zstd -6 --threads`."""
    files = sorted(str(path.relative_to(folder.parent)) for path in folder.rglob("*") if path.is_file())
    target = scratch / f"{folder.name}.tar.zst"
    tar = ["tar", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner", "--no-recursion"]
    command = [*tar, "-I", "zstd -q -6 --threads=2", "-C", str(folder.parent), "-cf", str(target), "-T", "-"]
    subprocess.run(command, input="\n".join(files).encode(), check=True)
    return target


def _encode(archives: list[Path], target: Path) -> int:
    """Encode in a process of its own; its peak memory in bytes."""
    command = [sys.executable, "-c", _ENCODE, *map(str, archives), str(target)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def _unpack_and_encode(archives: list[Path], folder: Path, target: Path) -> None:
    folder.mkdir()
    for archive in archives:
        subprocess.run(["tar", "--zstd", "-C", str(folder), "-xf", str(archive)], check=True)  # noqa: S607
    paths = DatasetPaths(folder)
    encode(plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)), target)


def _decode_and_write(archives: list[Path], store: Path, target: Path) -> None:
    """What no way can save: decoding, and writing the store's bytes and forcing them to the disk."""
    for archive in archives:
        subprocess.run(["zstd", "-q", "-d", "-c", str(archive)], check=True, stdout=subprocess.DEVNULL)  # noqa: S607
    target.mkdir()
    copy = target / "data.mdb"
    subprocess.run(["dd", "bs=4M", "conv=fsync", "status=none", f"if={store / copy.name}", f"of={copy}"], check=True)  # noqa: S607
