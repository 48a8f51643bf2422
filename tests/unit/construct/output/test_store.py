from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin

from reben.construct.land_cover.polygons import find_layer
from reben.construct.output.geotiffs import GeotiffOutput
from reben.construct.output.store import StoreOutput
from reben.construct.tile import TileResult, TileSettings, build_tile
from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from reben.io.tiff.geotiff import write_band
from reben.rules.country import embedded_countries
from reben.tile.sentinel1.patch_folder import S1PatchFolder
from reben.tile.sentinel1.scenes import find_scenes

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"


@pytest.fixture
def settings(
    small_land_cover: Path, write_scene: Callable[..., None], decibels: Callable[..., np.ndarray], tmp_path: Path
) -> TileSettings:
    """With a Sentinel-1 scene between the grid."""
    write_scene(tmp_path / "scenes", SCENE, decibels(500), transform=from_origin(299_893, 5_400_108, 10, 10))
    return TileSettings(
        find_layer(small_land_cover), embedded_countries(), sentinel1=find_scenes(tmp_path / "scenes")
    )  # fmt: skip


def both_ways(product: Path, settings: TileSettings, folder: Path) -> tuple[TileResult, TileResult]:
    """Build into `store`, and into GeoTIFFs that are encoded into `encoded`."""
    with create_store(folder / "store") as writer:
        direct = build_tile(product, settings, StoreOutput(writer))
    paths = DatasetPaths(folder / "dataset")
    files = build_tile(product, settings, GeotiffOutput(paths))
    encode(plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)), folder / "encoded")
    return direct, files


def expect_equal(one: Path, other: Path) -> list[str]:
    """The keys."""
    stores = [open_store(path) for path in (one, other)]
    keys = list(stores[0])
    assert keys == list(stores[1])
    for key in keys:
        assert stores[0].raw(key) == stores[1].raw(key), key
    return keys


def test_values_are_those_of_the_encoded_geotiffs(
    make_product: Callable[..., Path], settings: TileSettings, tmp_path: Path
):
    direct, files = both_ways(make_product(tmp_path, TILE), settings, tmp_path)
    keys = expect_equal(tmp_path / "store", tmp_path / "encoded")
    assert direct.rows.equals(files.rows)
    assert direct.counts == files.counts
    rows = direct.rows.to_pylist()
    ids = [row["patch_id"] for row in rows]
    assert len(rows) == 15
    assert sorted(keys) == sorted([*ids, *(f"{name}_reference_map" for name in ids), *(row["s1_name"] for row in rows)])


def test_values_of_copied_sentinel_1_files(
    make_product: Callable[..., Path],
    settings: TileSettings,
    decibels: Callable[..., np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    name, v1_name = f"{SCENE}_33UUP_2_1", "S2A_MSIL2A_20170613T101031_2_1"
    folder = tmp_path / "s1" / SCENE / name
    folder.mkdir(parents=True)
    for seed, band in enumerate(S1_BANDS):
        write_band(
            folder / f"{name}_{band}.tif", decibels(120, seed=seed), crs="EPSG:32633",
            transform=from_origin(302_400, 5_398_800, 10, 10), nodata=None,
        )  # fmt: skip
    monkeypatch.setattr("reben.construct.tile.aligned_v1_names", lambda *_: {(2, 1): v1_name})
    paired = TileSettings(
        settings.land_cover, settings.countries, v1_regions=(),
        sentinel1=S1PatchFolder(tmp_path / "s1", {v1_name: name}),
    )  # fmt: skip
    both_ways(make_product(tmp_path, TILE), paired, tmp_path)
    keys = expect_equal(tmp_path / "store", tmp_path / "encoded")
    assert keys == sorted([name, f"{TILE}_02_01", f"{TILE}_02_01_reference_map"])
    value = open_store(tmp_path / "store")[name]
    for seed, band in enumerate(S1_BANDS):
        np.testing.assert_array_equal(value[band], decibels(120, seed=seed))


def test_patches_of_another_size(make_product: Callable[..., Path], settings: TileSettings, tmp_path: Path):
    with create_store(tmp_path / "store") as writer:
        result = build_tile(
            make_product(tmp_path, TILE),
            TileSettings(settings.land_cover, settings.countries, patch_size_m=2400, sentinel1=settings.sentinel1),
            StoreOutput(writer),
        )
    assert result.counts["kept"] == 3
    store = open_store(tmp_path / "store")
    value = store[f"{TILE}_00_01"]
    assert {name: tensor.shape for name, tensor in value.items()} == {
        name: (BANDS[name].side_px(2400),) * 2 for name in S2_BANDS
    }
    assert store[f"{SCENE}_33UUP_0_1"]["VV"].shape == (240, 240)
    assert store[f"{TILE}_00_01_reference_map"]["Data"].shape == (240, 240)


def test_a_tile_without_patches_is_an_empty_store(
    make_product: Callable[..., Path], settings: TileSettings, tmp_path: Path
):
    with create_store(tmp_path / "store") as writer:
        build_tile(
            make_product(tmp_path, TILE),
            TileSettings(settings.land_cover, settings.countries, min_labelled=1),
            StoreOutput(writer),
        )
    assert len(open_store(tmp_path / "store")) == 0
