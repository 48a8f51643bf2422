"""The published patches of a real tile, laid into a full-size product and cut out again."""

import filecmp
import json
import subprocess
import sys
from pathlib import Path

import pytest

from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths

TEMPLATE = "stactools_sentinel2/esa_S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500.SAFE"


def tool(shared_data: Path, name: str, *arguments: Path) -> None:
    subprocess.run([sys.executable, shared_data.parent / "tools" / name, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def product(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("l2a")
    tool(shared_data, "make_real_tile.py", shared_data / "patches", shared_data / "s2_metadata" / TEMPLATE, folder)
    (path,) = folder.glob("*.SAFE")
    return path


@pytest.fixture(scope="module")
def land_cover(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clc") / "clc.gpkg"
    tool(shared_data, "make_real_clc.py", shared_data / "patches", path)
    return path


def test_patches_maps_and_metadata_are_the_published_ones(
    shared_data: Path, real_patches: DatasetPaths, product: Path, land_cover: Path, tmp_path: Path
):
    tables = (real_patches.metadata, real_patches.snow_and_cloud_metadata)
    pairs, output, lists = tmp_path / "pairs.csv", DatasetPaths(tmp_path / "dataset"), shared_data / "published"
    rows = read_metadata(tables).to_pylist()
    pairs.write_text("".join(f"{row['s2v1_name']},{row['s1_name']}\n" for row in rows))
    command = [
        "build", "--l2a", product.parent, "--clc", land_cover, "--output", output.root,
        "--s1-dir", real_patches.s1, "--s1-pairs", pairs, "--v1-geometries", shared_data / "v1_geometries",
        "--snow", lists / "patches_with_seasonal_snow.csv", "--cloud", lists / "patches_with_cloud_and_shadow.csv",
    ]  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-m", "reben", *map(str, command)], capture_output=True, text=True, check=True
    )

    assert "8,269 with invalid pixels" in result.stdout
    assert "12 kept" in result.stdout
    for built, published in zip((output.metadata, output.snow_and_cloud_metadata), tables, strict=True):
        assert read_metadata(built).equals(read_metadata(published))
    files = [path.relative_to(real_patches.root) for path in real_patches.root.glob("*/*/*/*.tif")]
    assert len(files) == 12 * 14 + 1
    for file in files:
        assert filecmp.cmp(real_patches.root / file, output.root / file, shallow=False), file
    assert len(list(output.root.rglob("*.tif"))) == 12 * 15
    report = json.loads((output.root / "build-report.json").read_text())
    assert report["kept_per_split"] == {"train": 4, "validation": 4, "test": 4}
    assert report["kept_per_country"] == {"Austria": 12}
