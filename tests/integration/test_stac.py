"""An area outside Europe from a STAC catalogue to a trained model, and the same area from `.SAFE` folders."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyproj
import pytest
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_bounds, from_origin

from reben.construct.land_cover.finding import find_land_cover
from reben.core.backscatter import decibels
from reben.core.grid import TileExtent
from reben.io.dataset.paths import DatasetPaths
from reben.io.jp2 import write_tile_band
from reben.io.l2a_sources import find_l2a, open_l2a
from reben.io.legend_files import legend_file, read_legend
from reben.io.stac.providers import PROVIDERS, Access, Provider
from reben.io.tiff.geotiff import write_band
from reben.net.sas_tokens import SERVICE_VARIABLE
from reben.tile.bands import read_bands
from reben.tile.sentinel1.scenes import find_scenes
from stand_ins.command import run_reben as reben
from stand_ins.stac import OFFSET, make_item, make_scene, row, write_cogs
from stand_ins.stac_server import StacServer, running_stac_server

CRS, SIDE_M = "EPSG:32760", 7_200  # 6 x 6 patches near Wellington, in three rings of splits
TILES = [f"S2B_MSIL2A_{day}T222549_N0510_R029_T60GUU" for day in ("20240115", "20240718")]
SCENE = "S1A_IW_GRDH_1SDV_20240116T171500"
S2 = row("Planetary Computer", "sentinel-2-l2a")
FAST = ("--model", "test_resnet", "--epochs", "1", "--batch-size", "8", "--warmup-steps", "0", "--accelerator", "cpu")


def finish(product: Path) -> Path:
    """Give a product what baseline 05.10 has: an offset, and a scene classification with a cloud and some snow."""
    extent = TileExtent(CRS, 300_000, 5_400_000, SIDE_M)
    classes = np.full((SIDE_M // 20, SIDE_M // 20), 4, np.uint8)
    classes[:60, :60], classes[60:120, :60] = 9, 11
    (image,) = product.rglob("*_B02_10m.jp2")
    path = image.parents[1] / "R20m" / image.name.replace("B02_10m", "SCL_20m")
    write_tile_band(path, classes, extent, 20)
    metadata = product / "MTD_MSIL2A.xml"
    offsets = "".join(f'<BOA_ADD_OFFSET band_id="{band}">{OFFSET}</BOA_ADD_OFFSET>' for band in range(13))
    listed = f"<IMAGE_FILE>{path.relative_to(product).with_suffix('')}</IMAGE_FILE>{offsets}"
    metadata.write_text(metadata.read_text().replace("<IMAGE_FILE>", f"{listed}<IMAGE_FILE>", 1))
    return product


def write_land_cover(path: Path) -> None:
    """Trees, grass and water in longitude and latitude, as WorldCover's tiles are."""
    to_degrees = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(299_000, 5_389_000, 311_000, 5_401_000)
    codes = np.array([10, 30, 80], np.uint8)[np.random.default_rng(0).integers(0, 3, (12, 12))].repeat(100, 0)
    codes = codes.repeat(100, 1)
    with rasterio.open(
        path, "w", driver="GTiff", width=1_200, height=1_200, count=1, dtype="uint8", crs="EPSG:4326",
        transform=from_bounds(west, south, east, north, 1_200, 1_200),
    ) as target:  # fmt: skip
        target.write(codes, 1)


def land_cover_item(href: str) -> dict[str, object]:
    """What the Planetary Computer says of a tile of ESA WorldCover."""
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": "ESA_WorldCover_10m_2021_v200_S42E174",
        "collection": "esa-worldcover", "bbox": [174.0, -42.0, 177.0, -39.0], "geometry": None, "links": [],
        "properties": {"start_datetime": "2021-01-01T00:00:00Z"}, "assets": {"map": {"href": href}},
    }  # fmt: skip


def write_scene(folder: Path, side_px: int) -> None:
    """Linear power as COGs, and the same in decibels under the names of geocoded scenes."""
    power = np.random.default_rng(1).uniform(0.001, 0.5, (side_px, side_px)).astype(np.float32)
    place = {"crs": CRS, "transform": from_origin(300_000, 5_400_000, 10, 10)}
    (folder / "db").mkdir(parents=True)
    for band, values in (("VV", power), ("VH", power / 4)):
        write_band(folder / "db" / f"{SCENE}_{band}.tif", decibels(values), nodata=None, **place)
        write_band(folder / f"plain_{band}.tif", values, nodata=-32768, **place)
        with rasterio.open(folder / f"plain_{band}.tif") as source:
            copy(source, folder / f"{band}.tif", driver="COG", BLOCKSIZE=128, COMPRESS="DEFLATE")


@pytest.fixture(scope="module")
def area(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Products as `.SAFE` and as COGs, a Sentinel-1 scene, land cover, and the outline of it all."""
    folder = tmp_path_factory.mktemp("area")
    for tile in TILES:
        write_cogs(finish(make_product(folder / "l2a", tile, crs=CRS, side_m=SIDE_M)), folder / "cogs" / tile)
    write_scene(folder / "cogs" / "s1", SIDE_M // 10)
    write_land_cover(folder / "land-cover.tif")
    copy(folder / "land-cover.tif", folder / "cogs" / "land-cover.tif", driver="COG", COMPRESS="DEFLATE")
    ring = [[174.5, -41.6], [174.8, -41.6], [174.8, -41.4], [174.5, -41.4], [174.5, -41.6]]
    (folder / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return folder


@pytest.fixture
def server(area: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StacServer]:
    with running_stac_server(area / "cogs", page=1) as running:
        monkeypatch.setenv(SERVICE_VARIABLE, running.tokens)
        monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
        for tile in TILES:
            hrefs = {band: running.url(f"{tile}/{band}.tif", "signed") for band in S2.assets}
            running.items.append(make_item(S2, f"{tile}_20240101T000000.SAFE", hrefs, crs=CRS))
        running.items.append(running.items[0])
        yield running


def search(server: StacServer, area: Path, output: Path, *options: object) -> str:
    command = ("search", "--stac", server.catalogue, "--area", area / "area.geojson", "--output", output)
    return reben(*command, *options).stderr


def in_own_process(*command: object, code: int = 0) -> str:
    """What a command says that starts its workers with the environment of now."""
    words = [sys.executable, "-m", "reben", *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_from_a_search_to_a_trained_model_with_one_configuration(server: StacServer, area: Path, tmp_path: Path):
    hrefs = {band: server.url(f"s1/{band}.tif", "signed") for band in ("VV", "VH")}
    server.items.append(make_scene(f"{SCENE}_rtc", hrefs, side_px=SIDE_M // 10, crs=CRS))
    server.items.append(land_cover_item(server.url("land-cover.tif", "signed")))
    assert "1 items" in search(server, area, tmp_path / "land-cover.json", "--collection", "esa-worldcover")
    server.lifetime = 40

    land_cover = area / "land-cover.tif"
    configuration = tmp_path / "area.yaml"
    configuration.write_text(
        f"""
output: ours
search:
  {{stac: {server.catalogue}, collection: sentinel-2-l2a, area: {area / "area.geojson"}, from: 2024-01-01,
   to: 2024-12-31, cloud: 10, per_season: 1}}
search_s1: {{stac: {server.catalogue}, collection: sentinel-1-rtc}}
build: {{clc: land-cover.json, legend: worldcover, p: 0.2, q: 0.3}}
"""
    )
    said = in_own_process("pipeline", configuration)
    assert "quality indicators were not checked" in said
    assert "gamma nought" in said
    found = {name: json.loads((tmp_path / "ours" / name).read_text()) for name in ("items.json", "s1-items.json")}
    assert [len(items["features"]) for items in found.values()] == [2, 1]
    ours, theirs = DatasetPaths(tmp_path / "ours" / "dataset"), DatasetPaths(tmp_path / "theirs")
    reben(
        "build", "--l2a", area / "l2a", "--s1-scenes", area / "cogs" / "s1" / "db", "--land-cover", land_cover,
        "--legend", "worldcover", "--p", 0.2, "--q", 0.3, "--output", theirs.root,
    )  # fmt: skip
    for one, other in ((ours.s2, theirs.s2), (ours.s1, theirs.s1), (ours.reference_maps, theirs.reference_maps)):
        assert files(one) == files(other)
        assert files(one)
    for name in ("metadata.parquet", "metadata_for_patches_with_snow_cloud_or_shadow.parquet", "quality.parquet"):
        assert (ours.root / name).read_bytes() == (theirs.root / name).read_bytes()
    hidden = pq.read_table(ours.snow_and_cloud_metadata).to_pylist()
    assert {row["patch_id"][-5:] for row in hidden} == {"00_00", "00_01"}
    assert server.tokens_asked > 1
    report = ours.report.read_text()
    assert "secret" not in report + said
    assert set(json.loads(report)["tiles"][TILES[0]]["added_to_numbers"].values()) == {OFFSET}

    store = ("--store", tmp_path / "ours" / "store", "--metadata", ours.metadata)
    reben("train", *store, "--output", tmp_path / "run", *FAST)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert {"Tree cover", "Grassland", "Permanent water bodies"} <= set(config["class_names"])

    asked = len(server.requests)
    in_own_process("pipeline", configuration)  # nothing is left to do
    assert len(server.requests) == asked


@pytest.mark.slow
def test_half_a_cog_fails_its_tile_only(server: StacServer, area: Path, tmp_path: Path):
    search(server, area, tmp_path / "s2.json", "--collection", "sentinel-2-l2a")
    items = json.loads((tmp_path / "s2.json").read_text())
    whole = area / "cogs" / TILES[1] / "B08.tif"
    (area / "cogs" / "cut.tif").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    items["features"][1]["assets"]["B08"]["href"] = server.url("cut.tif", "signed")
    (tmp_path / "s2.json").write_text(json.dumps(items))
    said = in_own_process(
        "build", "--l2a", tmp_path / "s2.json", "--land-cover", area / "land-cover.tif", "--legend", "worldcover",
        "--on-error", "skip", "--output", tmp_path / "data", code=1,
    )  # fmt: skip
    assert f"failed: {TILES[1]}" in said
    assert "cut.tif: cannot be read" in said
    assert "secret" not in said + (tmp_path / "data" / "build-report.json").read_text()
    assert pq.read_table(tmp_path / "data" / "metadata.parquet").num_rows > 0


@pytest.mark.network
@pytest.mark.enable_socket
@pytest.mark.skipif("REBEN_TEST_STAC" not in os.environ, reason="asks real catalogues; REBEN_TEST_STAC=1 allows it")
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: f"{provider.title}, {provider.collection}")
def test_the_real_services(provider: Provider, tmp_path: Path):
    """Search for some days of one tile in 2023, and read its smallest band (some megabytes); no account is needed."""
    output, year = tmp_path / "items.json", 2021 if provider.legend else 2023
    ring = [[174.9, -41.3], [175.0, -41.3], [175.0, -41.2], [174.9, -41.2], [174.9, -41.3]]
    (tmp_path / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    reben(
        "search", "--stac", provider.catalogue, "--collection", provider.collection, "--area",
        tmp_path / "area.geojson", "--from", f"{year}-02-01", "--to", f"{year}-02-20", "--output", output,
    )  # fmt: skip
    if provider.access is Access.s3_keys:
        pytest.skip("reading needs keys of an account")
    if provider.legend:
        extent = TileExtent(CRS, 330_000.0, 5_430_000.0, 1_200)
        legend = read_legend(legend_file(provider.legend) or Path())
        assert np.ptp(find_land_cover(output, legend).on(extent).codes) >= 0
        return
    if not provider.is_sentinel2:
        assert find_scenes(output).scenes
        return
    product = open_l2a(find_l2a([output]).products[0])
    assert read_bands(product, ["B01"]).pixels["B01"].shape == (1_830, 1_830)
