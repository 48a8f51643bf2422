"""Rules of a tile on a small product: which patches stay, and what is written of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.construct import tile as module
from reben.construct.land_cover.polygons import LandCoverLayer
from reben.construct.land_cover.source import ReferenceMap
from reben.construct.output.geotiffs import GeotiffOutput
from reben.construct.tile import TileSettings, build_tile
from reben.core.bands import BANDS
from reben.core.errors import RasterError
from reben.core.names import TileName
from reben.io.dataset.paths import DatasetPaths
from reben.io.legend_files import CLC2018_CRS, CLC2018_FORMAT
from reben.io.tiff.geotiff import read_band, write_band
from reben.rules.country import embedded_countries
from reben.tile.sentinel1.patch_folder import S1PatchFolder

NAME = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
S1 = "S1B_IW_GRDH_1SDV_20170612T165809_33UUP_{}_{}"


@pytest.fixture
def product(make_product: Callable[..., Path], tmp_path: Path) -> Path:
    """A small L2A product; the patch in column 3, row 0 has an invalid pixel."""
    return make_product(tmp_path, NAME)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> TileSettings:
    """Pastures everywhere; column 0 row 1 has too many mineral extraction sites, column 0 row 2 a lake as well."""
    codes = np.full((480, 480), 231, np.uint16)
    codes[120:240, :30] = 131  # exactly a quarter
    codes[240:243, :3] = 512
    monkeypatch.setattr(LandCoverLayer, "on", lambda *_: ReferenceMap(codes, 3, 1))
    return TileSettings(LandCoverLayer(Path(), "", "", CLC2018_FORMAT, CLC2018_CRS), embedded_countries())


def test_a_new_area_keeps_every_valid_and_labelled_patch(product: Path, settings: TileSettings, tmp_path: Path):
    output = DatasetPaths(tmp_path / "out")
    result = build_tile(product, settings, GeotiffOutput(output))
    assert result.counts == {
        "in the grid": 16,
        "with invalid pixels": 1,
        "too little labelled": 1,
        "without a Sentinel-1 partner": 0,
        "kept": 14,
    }
    assert result.repaired_polygons == 1
    rows = {row["patch_id"]: row for row in result.rows.to_pylist()}
    assert list(rows) == sorted(rows)
    assert (
        set(rows)
        == {path.name for path in output.s2.glob("*/*")}
        == {f"{NAME}_{column:02d}_{row:02d}" for column in range(4) for row in range(4)}
        - {f"{NAME}_03_00", f"{NAME}_00_01"}
    )
    assert rows[f"{NAME}_00_02"]["labels"] == ["Inland waters", "Pastures"]
    assert rows[f"{NAME}_02_02"]["labels"] == ["Pastures"]
    assert rows[f"{NAME}_00_00"]["split"] == "train"
    assert rows[f"{NAME}_02_02"]["split"] == "test"
    assert {(row["s1_name"], row["s2v1_name"], row["country"]) for row in rows.values()} == {(None, None, "Germany")}
    assert not output.s1.exists()


def test_written_pixels_are_those_of_the_product(product: Path, settings: TileSettings, tmp_path: Path):
    output = DatasetPaths(tmp_path / "out")
    build_tile(product, settings, GeotiffOutput(output))
    for band in ("B02", "B05", "B01"):
        resolution = BANDS[band].resolution_m
        with rasterio.open(next(product.rglob(f"*_{band}_{resolution}m.jp2"))) as source:
            whole = source.read(1)
        side = 1200 // resolution
        path = output.s2 / NAME / f"{NAME}_01_03" / f"{NAME}_01_03_{band}.tif"
        np.testing.assert_array_equal(read_band(path), whole[3 * side : 4 * side, side : 2 * side])
        with rasterio.open(path) as source:
            assert tuple(source.bounds) == (301_200, 5_395_200, 302_400, 5_396_400)
    codes = read_band(output.reference_maps / NAME / f"{NAME}_00_02" / f"{NAME}_00_02_reference_map.tif")
    assert (codes[:3, :3] == 512).all()
    assert (codes[3:] == 231).all()


def write_s1(folder: Path, name: str, bands: tuple[str, ...] = ("VV", "VH"), side: int = 120) -> None:
    target = folder / name.rsplit("_", 3)[0] / name
    target.mkdir(parents=True)
    for band in bands:
        write_band(
            target / f"{name}_{band}.tif", np.ones((side, side), np.float32), crs="EPSG:32633",
            transform=from_origin(0, 0, 10, 10), nodata=None,
        )  # fmt: skip


@pytest.fixture
def paired(settings: TileSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TileSettings:
    """v1 knows two patches of the tile, and a Sentinel-1 partner of one."""
    v1 = {(column, 0): f"S2A_MSIL2A_20170613T101031_{column}_0" for column in (1, 2)}
    monkeypatch.setattr(module, "aligned_v1_names", lambda *_: v1)
    return replace(
        settings,
        v1_regions=(),
        sentinel1=S1PatchFolder(tmp_path / "s1", {v1[1, 0]: S1.format(1, 0)}),
        cloud=frozenset({v1[1, 0]}),
    )


def test_only_patches_of_v1_with_a_partner_stay(product: Path, paired: TileSettings, tmp_path: Path):
    write_s1(tmp_path / "s1", S1.format(1, 0))
    output = DatasetPaths(tmp_path / "out")
    result = build_tile(product, paired, GeotiffOutput(output))
    assert result.counts["without a v1 patch"] == 13
    assert result.counts["without a Sentinel-1 partner"] == 1
    (row,) = result.rows.to_pylist()
    assert row["s1_name"] == S1.format(1, 0)
    assert row["s2v1_name"] == "S2A_MSIL2A_20170613T101031_1_0"
    assert result.largest_gap_h == pytest.approx(17.206, abs=0.001)  # 12 June 16:58:09 to 13 June 10:10:31
    assert (row["contains_seasonal_snow"], row["contains_cloud_or_shadow"]) == (False, True)
    (folder,) = output.s1.glob("*/*")
    assert {path.name for path in folder.iterdir()} == {f"{S1.format(1, 0)}_{band}.tif" for band in ("VV", "VH")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": ("VV",)}, "_VH.tif: cannot be read"),
        ({"side": 100}, "100 x 100 pixels of float32; expected 120 x 120"),
    ],
)
def test_a_wrong_sentinel_1_patch_is_an_error(
    product: Path, paired: TileSettings, tmp_path: Path, options: dict, message: str
):
    write_s1(tmp_path / "s1", S1.format(1, 0), **options)
    with pytest.raises(RasterError, match=message):
        build_tile(product, paired, GeotiffOutput(DatasetPaths(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_what_an_earlier_attempt_left_is_cleared(tmp_path: Path):
    paths = DatasetPaths(tmp_path)
    for root in (paths.s2, paths.reference_maps):
        (root / NAME / f"{NAME}_03_00").mkdir(parents=True)
    other = paths.s2 / NAME.replace("33UUP", "33UVP")
    other.mkdir()
    GeotiffOutput(paths).clear(TileName.parse(NAME))
    assert [path.name for path in tmp_path.glob("*/*")] == [other.name]


def test_patches_without_a_partner_may_stay(product: Path, paired: TileSettings, tmp_path: Path):
    write_s1(tmp_path / "s1", S1.format(1, 0))
    output = DatasetPaths(tmp_path / "out")
    result = build_tile(product, replace(paired, keep_unpaired=True), GeotiffOutput(output))
    assert result.counts["kept"] == 2
    assert result.counts["without a Sentinel-1 partner"] == 0
    assert result.counts["kept without a Sentinel-1 partner"] == 1
    assert result.rows["s1_name"].to_pylist() == [S1.format(1, 0), None]


def test_a_tile_without_any_patch_gives_an_empty_table(product: Path, settings: TileSettings, tmp_path: Path):
    result = build_tile(product, replace(settings, min_labelled=1.0), GeotiffOutput(DatasetPaths(tmp_path / "out")))
    assert result.rows.num_rows == result.counts["kept"] == 0
