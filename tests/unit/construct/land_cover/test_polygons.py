import shutil
import sqlite3
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely

from reben.construct.land_cover import polygons as module
from reben.construct.land_cover.polygons import find_layer
from reben.core.errors import LandCoverError
from reben.core.grid import TileExtent
from reben.io.geoparquet import read_geoparquet
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat, read_legend

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 10_000)


def write_layer(path: Path, polygons: list[shapely.Geometry], codes: list[str], **options: object) -> Path:
    """Polygons in the CRS of `GROUND`, written in that of the published file."""
    to_laea = pyproj.Transformer.from_crs(EXTENT.crs, 3035, always_xy=True)
    outlines = [
        shapely.transform(p.segmentize(100) if p.is_valid else p, lambda xy: np.column_stack(to_laea.transform(*xy.T)))
        for p in polygons
    ]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(outlines)),
        [np.array(codes, dtype=object)],
        **{
            "fields": np.array(["CODE_18"]),
            "layer": "u2018_clc2018_V2020_20u1",
            "crs": "EPSG:3035",
            "geometry_type": "Polygon",
            **options,
        },
    )
    return path


def square(left_px: int, top_px: int, side_px: int) -> shapely.Geometry:
    left, top = EXTENT.ulx_m + 10 * left_px, EXTENT.uly_m - 10 * top_px
    return shapely.box(left, top - 10 * side_px, left + 10 * side_px, top)


def test_polygons_are_burnt_where_they_cover_pixel_centres(tmp_path: Path):
    path = write_layer(tmp_path / "clc.gpkg", [square(0, 0, 100), square(100, 0, 50)], ["211", "312"])
    found = find_layer(path).on(EXTENT)
    assert found.codes.shape == (1000, 1000)
    assert found.codes.dtype == np.uint16
    expected = np.full((1000, 1000), 999)
    expected[:100, :100] = 211
    expected[:50, 100:150] = 312
    np.testing.assert_array_equal(found.codes, expected)
    assert (found.polygons, found.repaired) == (2, 0)


def test_the_published_map_of_a_real_patch_is_reproduced(shared_data: Path, tmp_path: Path):
    """Its own outlines, from the tile's grid to the grid of the published file and back."""
    (path,) = (shared_data / "patches" / "Reference_Maps").glob("*/*/*.tif")
    with rasterio.open(path) as source:
        codes = source.read(1)
        bounds = source.bounds
        outlines = list(rasterio.features.shapes(codes, transform=source.transform))
    polygons = [shapely.geometry.shape(outline) for outline, _ in outlines]
    file = write_layer(tmp_path / "clc.gpkg", polygons, [str(int(code)) for _, code in outlines])
    extent = TileExtent("EPSG:32633", bounds.left, bounds.top, 1200)
    np.testing.assert_array_equal(find_layer(file).on(extent).codes, codes)


def test_polygons_elsewhere_are_not_even_read(tmp_path: Path):
    path = write_layer(tmp_path / "clc.gpkg", [square(0, 0, 10), square(90_000, 0, 10)], ["211", "312"])
    assert find_layer(path).on(EXTENT).polygons == 1
    far = TileExtent("EPSG:32633", 700_000, 5_000_000, 10_000)
    nothing = find_layer(path).on(far)
    assert nothing.polygons == 0
    assert (nothing.codes == 999).all()


def test_invalid_polygons_are_repaired_and_counted(tmp_path: Path):
    left, top = EXTENT.ulx_m, EXTENT.uly_m
    bow_tie = shapely.Polygon(
        [(left, top), (left + 1000, top - 1000), (left + 1000, top), (left, top - 1000), (left, top)]
    )
    found = find_layer(write_layer(tmp_path / "clc.gpkg", [bow_tie], ["211"])).on(EXTENT)
    assert found.repaired == 1
    assert 4_500 < (found.codes == 211).sum() < 5_500


def test_spikes_of_invalid_polygons_label_nothing(tmp_path: Path):
    """Repairing turns them into lines, and a line would be burnt into every pixel that it touches."""
    left, top = EXTENT.ulx_m, EXTENT.uly_m
    spiked = shapely.Polygon(
        [
            (left, top),
            (left + 500, top),
            (left + 3000, top),
            (left + 500, top),
            (left + 500, top - 500),
            (left, top - 500),
        ]
    )
    found = find_layer(write_layer(tmp_path / "clc.gpkg", [spiked], ["211"])).on(EXTENT)
    assert found.repaired == 1
    assert (found.codes[:50, :50] == 211).all()
    assert not (found.codes[:, 50:] == 211).any()


def test_the_official_layer_is_found_and_overseas_ones_are_ignored(shared_data: Path, tmp_path: Path):
    path = tmp_path / "clc.gpkg"
    shutil.copy(shared_data / "clc2018" / "U2018_CLC2018_V2020_20u1.gpkg", path)
    write_layer(path, [square(0, 0, 10)], ["211"], layer="U2018_CLC2018_V2020_20u1_FR_GLP", append=True)
    found = find_layer(path)
    assert (found.layer, found.column) == ("U2018_CLC2018_V2020_20u1", "Code_18")
    granada = TileExtent("EPSG:32630", 440_000, 4_110_000, 30_000)
    assert (found.on(granada).codes != 999).sum() > 100_000


def test_a_file_in_another_crs(shared_data: Path):
    with pytest.raises(LandCoverError, match=r"layer clc: has CRS EPSG:25830; expected EPSG:3035") as caught:
        find_layer(shared_data / "clc2018" / "josesamos_clc.gpkg")
    assert "as published" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": np.array(["Code_12"])}, r"0 layers have a column Code_18; expected one .*Code_12"),
        ({"crs": None}, "has CRS None; expected EPSG:3035"),
    ],
)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_files_that_are_not_what_they_should_be(tmp_path: Path, options: dict[str, object], message: str):
    path = write_layer(tmp_path / "clc.gpkg", [square(0, 0, 10)], ["211"], **options)
    with pytest.raises(LandCoverError, match=message):
        find_layer(path)


def test_an_empty_layer(tmp_path: Path):
    path = write_layer(tmp_path / "clc.gpkg", [square(0, 0, 10)], ["211"], spatial_index=False)
    with sqlite3.connect(path) as database:
        database.execute('DROP TRIGGER IF EXISTS "trigger_delete_feature_count_u2018_clc2018_V2020_20u1"')
        database.execute('DELETE FROM "u2018_clc2018_V2020_20u1"')
        database.execute("DELETE FROM gpkg_ogr_contents")
    with pytest.raises(LandCoverError, match="is empty"):
        find_layer(path)


@pytest.mark.parametrize("code", ["2111", "forest", ""])
def test_codes_that_the_legend_does_not_know(tmp_path: Path, code: str):
    path = write_layer(tmp_path / "clc.gpkg", [square(0, 0, 10)], [code])
    with pytest.raises(LandCoverError, match=f"column CODE_18: '{code}' is not a code of legend CLC2018"):
        find_layer(path).on(EXTENT)


def test_a_file_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(LandCoverError, match=r"nowhere\.gpkg: cannot be read"):
        find_layer(tmp_path / "nowhere.gpkg", CLC2018_FORMAT)


LEGEND = """
name = "Mine"
code_column = "class"
no_polygon = 0
[[codes]]
code = {first}
name = "Forest"
colour = "#00ff00"
class = "Forest"
[[codes]]
code = {second}
name = "Lake"
colour = "#0000ff"
class = "Water"
"""


def own_legend(tmp_path: Path, first: str, second: str, more: str = "") -> LandCoverFormat:
    (tmp_path / "legend.toml").write_text(more + LEGEND.format(first=first, second=second))
    return read_legend(tmp_path / "legend.toml")


def own_polygons(path: Path, codes: list[object], crs: str | None) -> Path:
    """Two squares side by side in any CRS, as a GeoPackage or a GeoParquet file."""
    frame = geopandas.GeoDataFrame({"class": codes}, geometry=[square(0, 0, 100), square(100, 0, 50)], crs=EXTENT.crs)
    projected = frame.set_crs(None, allow_override=True) if crs is None else frame.to_crs(crs)
    projected.to_parquet(path) if path.suffix == ".parquet" else projected.to_file(path, layer="cover")
    return path


@pytest.mark.parametrize("name", ["cover.gpkg", "cover.parquet", "cover.geojson"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32633", "EPSG:3857"])
@pytest.mark.parametrize(("codes", "first", "second"), [(["F", "L"], '"F"', '"L"'), ([7, 9], "7", "9")])
def test_own_polygons_in_any_crs_format_and_kind_of_code(
    *, tmp_path: Path, name: str, crs: str, codes: list[object], first: str, second: str
):
    if name.endswith(".geojson"):
        crs = "EPSG:4326"  # as its standard demands
    path = own_polygons(tmp_path / name, codes, crs)
    found = find_layer(path, own_legend(tmp_path, first, second)).on(EXTENT)
    numbers = codes if isinstance(codes[0], int) else [1, 2]
    expected = np.zeros((1000, 1000))
    expected[:100, :100] = numbers[0]
    expected[:50, 100:150] = numbers[1]
    assert (found.codes != expected).mean() < 1e-4  # edges of reprojected squares


def test_a_file_without_crs_takes_that_of_the_legend(tmp_path: Path):
    path = own_polygons(tmp_path / "cover.parquet", [7, 9], None)
    with pytest.raises(LandCoverError, match="has no CRS") as caught:
        find_layer(path, own_legend(tmp_path, "7", "9"))
    assert 'crs = "EPSG:4326"' in caught.value.hint
    legend = own_legend(tmp_path, "7", "9", 'crs = "EPSG:32633"\n')
    assert (find_layer(path, legend).on(EXTENT).codes[:50, :150] > 0).all()


def test_a_text_that_the_legend_lacks_is_named(tmp_path: Path):
    path = own_polygons(tmp_path / "cover.gpkg", ["F", "Village"], "EPSG:4326")
    with pytest.raises(LandCoverError, match="'Village' is not a code of legend Mine") as caught:
        find_layer(path, own_legend(tmp_path, '"F"', '"L"')).on(EXTENT)
    assert "add it to the legend" in caught.value.hint


@pytest.mark.parametrize("content", [b"no table", b""])
def test_a_damaged_table(tmp_path: Path, content: bytes):
    (tmp_path / "cover.parquet").write_bytes(content)
    with pytest.raises(LandCoverError, match="cannot be read"):
        find_layer(tmp_path / "cover.parquet", own_legend(tmp_path, "7", "9"))


def test_tables_are_read_once_burnt_in_their_order_and_read_again_when_they_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    reads: list[Path] = []

    def read(path: Path) -> tuple[object, ...]:
        reads.append(path)
        return read_geoparquet(path)

    monkeypatch.setattr(module, "read_geoparquet", read)
    path, legend = tmp_path / "cover.parquet", own_legend(tmp_path, "7", "9")
    for codes in ([7, 9, 7], [9, 7, 9]):
        squares = [square(0, 0, 100), square(50, 50, 100), square(90, 0, 20)]  # each over the one before
        geopandas.GeoDataFrame({"class": codes}, geometry=squares, crs=EXTENT.crs).to_parquet(path)
        layer = find_layer(path, legend)
        for _ in range(2):
            burnt = layer.on(EXTENT).codes
            assert [burnt[10, 10], burnt[60, 60], burnt[10, 95]] == codes
    assert reads == [path, path]


def test_a_table_that_is_damaged_in_the_middle(tmp_path: Path):
    path = own_polygons(tmp_path / "cover.parquet", [7, 9], EXTENT.crs)
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    layer = find_layer(path, own_legend(tmp_path, "7", "9"))
    with pytest.raises(LandCoverError, match="cannot be read"):
        layer.on(EXTENT)
