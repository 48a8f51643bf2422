"""`reben build` where nothing is published: with scenes of Sentinel-1, and with inputs that are not what they seem."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely
from rasterio.transform import from_origin

from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band, write_band
from stand_ins.command import run_reben as reben

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5)]
SCENES = [f"S1A_IW_GRDH_1SDV_2017061{day}T165043" for day in (3, 6)]


@pytest.fixture(scope="module")
def products(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two products."""
    folder = tmp_path_factory.mktemp("l2a")
    for tile in TILES:
        make_product(folder, tile)
    return folder


def build(l2a: Path, clc: Path, output: Path, *options: object, code: int = 0) -> tuple[str, str]:
    command = ["build", "--l2a", l2a, "--clc", clc, "--output", output, *options]
    result = reben(*command, code=code)
    return result.stdout, result.stderr


def write_scene(folder: Path, scene: str, *, columns: int, seed: int) -> np.ndarray:
    """VV and VH (6 dB below) on the tile's grid, from the western border on."""
    vv = np.random.default_rng(seed).uniform(-25, -5, (480, columns)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for band, pixels in (("VV", vv), ("VH", vv - np.float32(6))):
        write_band(
            folder / f"{scene}_{band}.tif", pixels, crs="EPSG:32633",
            transform=from_origin(300_000, 5_400_000, 10, 10), nodata=None,
        )  # fmt: skip
    return vv


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray]]:
    """One scene over two columns of patches, and a later one over three."""
    folder = tmp_path_factory.mktemp("s1")
    return folder, [
        write_scene(folder, SCENES[0], columns=250, seed=1),
        write_scene(folder, SCENES[1], columns=370, seed=2),
    ]


def test_patches_without_a_partner_are_dropped_and_counted(
    products: Path, small_land_cover: Path, scenes: tuple[Path, list[np.ndarray]], tmp_path: Path
):
    folder, pixels = scenes
    output = DatasetPaths(tmp_path / "dataset")
    out, err = build(products, small_land_cover, output.root, "--s1-scenes", folder, "--workers", 2)
    assert "warning" not in err
    assert "6 without a Sentinel-1 partner" in out
    assert "24 kept" in out
    rows = read_metadata(output.metadata).to_pylist()
    assert len(rows) == 24
    for row in rows:
        tile, column, place = row["patch_id"][: len(TILES[0])], int(row["patch_id"][-5:-3]), row["patch_id"][-5:]
        # 13 June is nearest to the first tile, 16 June to the second.
        number = 1 if tile == TILES[1] or column == 2 else 0
        assert row["s1_name"] == f"{SCENES[number]}_33UUP_{column}_{int(place[3:])}"
        vv = read_band(output.s1 / SCENES[number] / row["s1_name"] / f"{row['s1_name']}_VV.tif")
        top, left = 120 * int(place[3:]), 120 * column
        np.testing.assert_array_equal(vv, pixels[number][top : top + 120, left : left + 120])
    assert len(list(output.s2.glob("*/*"))) == len(list(output.reference_maps.glob("*/*"))) == 24
    assert {path.name for path in output.s1.glob("*/*")} == {row["s1_name"] for row in rows}
    assert len(list(output.s1.rglob("*"))) == 2 + 3 * len({row["s1_name"] for row in rows})
    report = json.loads(output.report.read_text())
    assert report["patches"]["without a Sentinel-1 partner"] == 6
    files = [name for name in report["tiles"][TILES[0]]["sha256"] if Path(name).parent == folder]
    assert sorted(files) == sorted(str(path) for path in folder.iterdir())
    (overlap,) = report["overlaps"]
    assert (overlap["pairs"], overlap["across_splits"]) == (12, 0)
    assert "1 pairs of tiles overlap, with 12 pairs of patches" in output.summary.read_text()


def test_patches_without_a_partner_may_stay(
    products: Path, small_land_cover: Path, scenes: tuple[Path, list[np.ndarray]], tmp_path: Path
):
    output = DatasetPaths(tmp_path / "dataset")
    out, _ = build(products, small_land_cover, output.root, "--s1-scenes", scenes[0], "--unpaired", "keep")
    assert "6 kept without a Sentinel-1 partner" in out
    rows = read_metadata(output.metadata).to_pylist()
    assert len(rows) == 30
    assert {row["patch_id"][-5:-3] for row in rows if row["s1_name"] is None} == {"03"}
    assert sum(row["s1_name"] is None for row in rows) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--s1-scenes", "."], "no scene found"),
        (["--s1-scenes", ".", "--s1-dir", ".", "--s1-pairs", "x"], "--s1-dir and --s1-scenes exclude each other"),
        (["--legend", "missing.toml"], "missing.toml: does not exist"),
    ],
)
def test_options_that_cannot_be_used(
    *,
    products: Path,
    small_land_cover: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
):
    monkeypatch.chdir(tmp_path)
    _, err = build(products, small_land_cover, tmp_path / "dataset", *options, code=1)
    assert message in err
    assert "hint:" in err or options[0] == "--legend"
    assert not list(tmp_path.iterdir())


def test_a_damaged_scene_is_an_error(
    products: Path, small_land_cover: Path, scenes: tuple[Path, list[np.ndarray]], tmp_path: Path
):
    shutil.copytree(scenes[0], tmp_path / "s1")
    path = tmp_path / "s1" / f"{SCENES[1]}_VH.tif"
    path.write_bytes(path.read_bytes()[:200_000])
    _, err = build(products, small_land_cover, tmp_path / "dataset", "--s1-scenes", tmp_path / "s1", code=1)
    assert f"{path.name}: cannot be read" in err
    assert not (tmp_path / "dataset").exists()


def test_a_product_without_its_fine_bands(shared_data: Path, small_land_cover: Path, tmp_path: Path):
    """As some services offer it, with 60 m only."""
    _, err = build(
        shared_data / "s2_l2a" / "T29UNU_N0400_R60m", small_land_cover, tmp_path / "dataset", code=1
    )  # fmt: skip
    assert "lacks B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12 at native resolution" in err
    assert "hint: give a complete L2A product" in err
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize("share", [0.1, 0.999])
def test_a_truncated_raster(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path, share: float):
    path = make_product(tmp_path / "l2a", TILES[0])
    raster = next(path.glob("GRANULE/*/IMG_DATA/R20m/*_B8A_20m.jp2"))
    content = raster.read_bytes()
    raster.write_bytes(content[: int(share * len(content))])
    _, err = build(tmp_path / "l2a", small_land_cover, tmp_path / "dataset", code=1)
    assert "B8A_20m.jp2: cannot be read" in err
    assert "hint: download or correct the product again" in err
    assert not (tmp_path / "dataset").exists()


def write_polygons(path: Path, *, column: str = "Code_18", crs: str = "EPSG:3035", number: int = 1) -> Path:
    to_crs = pyproj.Transformer.from_crs(32633, crs, always_xy=True)
    square = shapely.box(290_000, 5_390_000, 310_000, 5_410_000)
    outline = shapely.transform(square, lambda xy: np.column_stack(to_crs.transform(*xy.T)))
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([outline] * number)), [np.array(["231"] * number, dtype=object)],
        fields=np.array([column]), layer="U2018_CLC2018_V2020_20u1", crs=crs, geometry_type="Polygon",
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crs": "EPSG:32633"}, "has CRS EPSG:32633; expected EPSG:3035"),
        ({"crs": "EPSG:4326"}, "has CRS EPSG:4326; expected EPSG:3035"),
        ({"column": "Code_12"}, "0 layers have a column Code_18; expected one"),
        ({"number": 0}, "is empty"),
    ],
)
def test_land_cover_that_is_not_what_is_published(
    products: Path, tmp_path: Path, options: dict[str, object], message: str
):
    path = write_polygons(tmp_path / "clc.gpkg", **options)
    _, err = build(products, path, tmp_path / "dataset", code=1)
    assert f"error: {path}" in err
    assert message in err
    assert {entry.name for entry in tmp_path.iterdir()} == {"clc.gpkg"}


def write_v1(folder: Path, names: dict[str, tuple[int, int]]) -> Path:
    """Footprints of v1 patches, by column and row of the tile."""
    squares = [
        shapely.box(300_000 + 1200 * column, 5_398_800 - 1200 * row, 301_200 + 1200 * column, 5_400_000 - 1200 * row)
        for column, row in names.values()
    ]
    geo = {"version": "1.0.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB", "crs": "EPSG:32633"}}}
    table = pa.table({"patch_name": list(names), "geom": list(shapely.to_wkb(np.array(squares)))})
    folder.mkdir(parents=True)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), folder / "v1_32633.parquet")
    return folder


@pytest.mark.parametrize("output_format", ["geotiff", "store"])
def test_nothing_stays_of_a_tile_that_lacks_a_sentinel_1_file(
    make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path, output_format: str
):
    """A tile in summer and one in autumn; the last patch of the second lacks VH."""
    tiles = [TILES[0], TILES[0].replace("20170613", "20170913")]
    names, pairs = {}, {}
    for tile in tiles:
        make_product(tmp_path / "l2a", tile)
        for place in ((0, 0), (1, 1), (2, 2)):
            name = f"S2A_MSIL2A_{tile[11:26]}_{place[0]}_{place[1]}"
            names[name] = place
            pairs[name] = f"S1A_IW_GRDH_1SDV_{tile[11:19]}T165043_33UUP_{place[0]}_{place[1]}"
    (tmp_path / "pairs.csv").write_text("".join(f"{v1},{s1}\n" for v1, s1 in pairs.items()))
    for name in pairs.values():
        folder = tmp_path / "s1" / name.rsplit("_", 3)[0] / name
        folder.mkdir(parents=True)
        for band in ("VV", "VH"):
            write_band(
                folder / f"{name}_{band}.tif", np.full((120, 120), -9, np.float32), crs="EPSG:32633",
                transform=from_origin(0, 0, 10, 10), nodata=None,
            )  # fmt: skip
    last = list(pairs.values())[-1]
    (tmp_path / "s1" / last.rsplit("_", 3)[0] / last / f"{last}_VH.tif").unlink()

    output = DatasetPaths(tmp_path / "dataset")
    _, err = build(
        tmp_path / "l2a", small_land_cover, output.root, "--s1-dir", tmp_path / "s1", "--s1-pairs",
        tmp_path / "pairs.csv", "--v1-geometries", write_v1(tmp_path / "v1", names), "--countries", "all",
        "--on-error", "skip", "--format", output_format, code=1,
    )  # fmt: skip
    assert f"failed: {tiles[1]}: " in err
    assert f"{last}_VH.tif: cannot be read" in err
    report = json.loads(output.report.read_text())
    assert set(report["failed_tiles"]) == {tiles[1]}
    assert f"{last}_VH.tif" in output.summary.read_text()
    rows = read_metadata(output.metadata).to_pylist()
    assert len(rows) == 3
    assert {row["patch_id"][: len(tiles[0])] for row in rows} == {tiles[0]}
    files = [str(path.relative_to(output.root)) for path in output.root.rglob("*") if path.is_file()]
    assert len(files) == (3 * (12 + 1 + 2) if output_format == "geotiff" else 2) + 4 + (output_format == "geotiff")
    assert not any("20170913" in name for name in files)
    folders = {path.name for path in output.root.iterdir() if path.is_dir()}
    assert folders == (
        {"BigEarthNet-S1", "BigEarthNet-S2", "Reference_Maps"} if output_format == "geotiff" else {"store"}
    )
