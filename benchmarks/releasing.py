"""Archives of a release, from a store and from folders, against GNU tar, zstd and md5sum on the folders."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding

STORE, FOLDERS, TOOLS = (
    "reben release, from a store",
    "reben release, from folders",
    "tar, zstd -6, md5sum, from folders",
)
PROOF, HASHING = "reben verify --release, from a store", "md5sum of the same bytes"
_RUN = """
import sys
from pathlib import Path
from benchmarks.timing import peak_memory_bytes
from reben.release.data import find_release_data
from reben.release.options import ReleaseOptions
from reben.release.proof import prove
from reben.release.claims import read_claims
from reben.release.stage import release
from reben.work.context import Context
data, target = find_release_data(Path(sys.argv[1])), Path(sys.argv[2])
if target.suffix == ".txt":
    assert not any(check.differences for check in prove(data, read_claims(target), Context(), threads=2).checks)
else:
    release(data, target, ReleaseOptions(threads=2), Context())
print(peak_memory_bytes())
"""
_TOOLS = """
set -e
cd "$1"
for part in BigEarthNet-S2 BigEarthNet-S1 Reference_Maps; do
    find $part -type f | LC_ALL=C sort | tar --create --format=gnu --no-recursion --files-from=- --owner=0 --group=0 \
        --numeric-owner --mtime=@1704067200 --mode=0644 | tee >(md5sum > "$2/$part.tar.md5") | zstd -q -6 -T2 |
        tee >(md5sum > "$2/$part.tar.zst.md5") > "$2/$part.tar.zst"
done
sync
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    seconds: dict[str, float]
    tar_bytes: int
    peak_memory_bytes: int
    """Of the processes of `reben release`."""


def measure(data: BenchData, scratch: Path, *, rounds: int) -> Figures:
    """Median seconds of each way."""
    root = data.paths.root
    _write_table(data)
    folder, target, finished = scratch / "folder", scratch / "release", scratch / "finished"
    for path in (folder, target, finished):
        shutil.rmtree(path, ignore_errors=True)
    folder.mkdir()
    shutil.copy(data.paths.metadata, folder)
    paths = data.paths
    encode(plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)), folder / "store")
    peaks = [_run(folder, finished)]
    tars = [scratch / f"{name}.tar" for name in ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")]
    for tar in tars:
        subprocess.run(["zstd", "-q", "-d", "-f", str(finished / f"{tar.name}.zst"), "-o", str(tar)], check=True)  # noqa: S607

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)

    def tools() -> None:
        target.mkdir()
        subprocess.run(["bash", "-c", _TOOLS, "bash", str(root.resolve()), str(target.resolve())], check=True)  # noqa: S607

    ways = {
        STORE: lambda: peaks.append(_run(folder, target)),
        FOLDERS: lambda: peaks.append(_run(root, target)),
        TOOLS: tools,
        PROOF: lambda: _run(folder, finished / "hashes.txt"),
        HASHING: lambda: subprocess.run(["md5sum", *map(str, tars)], check=True, stdout=subprocess.DEVNULL),  # noqa: S607
    }
    seconds = medians_s(ways, rounds=rounds, prepare=prepare)
    figures = Figures(seconds, sum(tar.stat().st_size for tar in tars), max(peaks))
    for path in (folder, target, finished):
        shutil.rmtree(path, ignore_errors=True)
    for tar in tars:
        tar.unlink()
    return figures


def _write_table(data: BenchData) -> None:
    ids, s1_names = zip(*sorted(data.patches), strict=True)
    table = {
        "patch_id": ids,
        "labels": [["Pastures"]] * len(ids),
        "split": ["train"] * len(ids),
        "s1_name": s1_names,
    }
    pq.write_table(pa.table(table), data.paths.metadata)


def _run(data: Path, target: Path) -> int:
    """Release or verify in a process of its own; its peak memory in bytes."""
    command = [sys.executable, "-c", _RUN, str(data), str(target)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)
