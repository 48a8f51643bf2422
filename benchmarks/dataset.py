"""The data that is measured on: synthetic patches in the published layout, repeated under new names."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from reben.core.names import PatchName, S1PatchName
from reben.demo.dataset import write_dataset
from reben.io.dataset.paths import DatasetPaths

_STEP = 12  # every 12th place along either axis: some 60 different patches


@dataclass(frozen=True, slots=True)
class BenchData:
    """A data set of a known number of patches."""

    paths: DatasetPaths
    patches: list[tuple[str, str]]
    """Patch id and Sentinel-1 name of each."""


def make_dataset(folder: Path, count: int) -> BenchData:
    """Write `count` patches with Sentinel-1 and reference maps below `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    source = write_dataset(folder / "source", step=_STEP, workers=os.cpu_count() or 1)
    target = DatasetPaths(folder / "dataset")
    originals = [PatchName.parse(path.name) for path in sorted(source.s2.glob("*/*"))]
    scene = next(source.s1.iterdir()).name
    names = []
    for number in range(count):
        old = originals[number % len(originals)]
        new = PatchName(old.tile, number // 91, number % 91)
        old_s1, new_s1 = (str(S1PatchName(scene, p.tile.mgrs, p.column, p.row)) for p in (old, new))
        group = str(old.tile)
        _copy(source.s2 / group / str(old), target.s2 / group / str(new))
        _copy(source.s1 / scene / old_s1, target.s1 / scene / new_s1)
        _copy(source.reference_maps / group / str(old), target.reference_maps / group / str(new))
        names.append((str(new), new_s1))
    return BenchData(target, names)


def _copy(source: Path, target: Path) -> None:
    """Copy a patch folder and rename its files after the new folder."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name.replace(source.name, target.name))
