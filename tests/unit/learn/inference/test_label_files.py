"""Predicted labels in every format that a name may ask for, read back by other libraries."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reben.core.errors import ExportError
from reben.core.palettes import legend_of_names
from reben.io.dataset.tile_extents import TileExtents
from reben.learn.inference.label_files import (
    LABEL_ENDINGS,
    LabelTable,
    expect_placed,
    outlines,
    write_label_style,
    write_labels,
)

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
OTHER = "S2A_MSIL2A_20170613T101031_N9999_R022_T29UNU"
IDS = [f"{TILE}_26_57", f"{TILE}_00_00"]
NAMES = ("Arable land", "Moors, heathland and sclerophyllous vegetation")


def table(ids: list[str] = IDS) -> LabelTable:
    found = outlines(ids, TileExtents({}), 1200)
    assert found is not None
    probabilities = np.array([[0.9, 0.5], [0.1, 0.2]], np.float32)[: len(ids)]
    return LabelTable(ids, NAMES, probabilities, 0.5, *found)


def test_polygons_are_the_squares_of_the_patches():
    made = table()
    assert made.crs == "EPSG:32633"
    assert made.polygons[1].bounds == (300_000, 5_398_800, 301_200, 5_400_000)
    assert made.polygons[0].bounds == (331_200, 5_330_400, 332_400, 5_331_600)


def test_tiles_of_several_zones_are_written_in_degrees():
    made = table([IDS[0], f"{OTHER}_00_00"])
    assert made.crs == "EPSG:4326"
    west, south, _, north = made.polygons[1].bounds
    assert -9.1 < west < -8.9
    assert 53 < south < north < 54


@pytest.mark.parametrize("ending", [".parquet", ".gpkg", ".geojson"])
def test_files_with_outlines(tmp_path: Path, ending: str):
    write_labels(tmp_path / f"labels{ending}", table())
    read = geopandas.read_parquet if ending == ".parquet" else geopandas.read_file
    found = read(tmp_path / f"labels{ending}")
    assert found["patch_id"].tolist() == IDS
    np.testing.assert_allclose(found[NAMES[0]], [0.9, 0.1], rtol=1e-6)
    assert (
        [*found["labels"].iloc[0]] == list(NAMES)
        if ending == ".parquet"
        else found["labels"].iloc[0] == ";".join(NAMES)
    )
    assert found.crs.to_epsg() == (4326 if ending == ".geojson" else 32633)
    np.testing.assert_allclose(found.to_crs(32633).bounds.iloc[1], [300_000, 5_398_800, 301_200, 5_400_000], atol=0.1)
    assert [path.name for path in tmp_path.iterdir()] == [f"labels{ending}"]


def test_tables_without_outlines(tmp_path: Path):
    made = LabelTable(["a", "b"], NAMES, np.array([[0.9, 0.4], [0.1, 0.2]], np.float32), 0.5)
    for ending in (".parquet", ".csv", ".json"):
        write_labels(tmp_path / f"labels{ending}", made)
    assert pq.read_table(tmp_path / "labels.parquet")["labels"].to_pylist() == [["Arable land"], []]
    with (tmp_path / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["labels"], float(rows[1][NAMES[1]])) == ("Arable land", pytest.approx(0.2))
    assert json.loads((tmp_path / "labels.json").read_text())["a"]["labels"] == ["Arable land"]
    for ending in (".gpkg", ".geojson"):
        with pytest.raises(ExportError, match="not known where a patch lies"):
            write_labels(tmp_path / f"labels{ending}", made)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["labels.png", "labels.tif", "labels", "labels.parquet.gz"])
def test_other_names_are_refused_and_nothing_is_written(tmp_path: Path, name: str):
    with pytest.raises(ExportError, match="labels cannot be written") as caught:
        write_labels(tmp_path / name, table())
    assert all(ending in caught.value.hint for ending in LABEL_ENDINGS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ids", [["SeaLake_3000"], [f"{TILE.replace('33UUP', '99XXX')}_00_00"]])
def test_ids_that_tell_no_place(ids: list[str]):
    assert outlines(ids, TileExtents({}), 1200) is None


@pytest.mark.parametrize("ending", [".parquet", ".gpkg", ".geojson", ".csv"])
def test_classes_may_be_called_as_columns_are(tmp_path: Path, ending: str):
    names = ("Forest", "forest", "labels", "fid", "patch_id", "geom")
    probabilities = np.linspace(0, 1, 12, dtype=np.float32).reshape(2, 6)
    plain = table()
    made = LabelTable(IDS, names, probabilities, 0.5, plain.polygons, plain.crs)
    write_labels(tmp_path / f"labels{ending}", made)
    read = {".parquet": geopandas.read_parquet, ".csv": pd.read_csv}.get(ending, geopandas.read_file)
    found = read(tmp_path / f"labels{ending}")
    assert found["patch_id"].tolist() == IDS
    for number, column in enumerate(["Forest", "forest (2)", "labels (2)", "fid (2)", "patch_id (2)", "geom (2)"]):
        np.testing.assert_allclose(found[column], probabilities[:, number], rtol=1e-6)


def test_it_is_known_beforehand_where_patches_lie(tmp_path: Path):
    extents = TileExtents({})
    expect_placed(tmp_path / "labels.gpkg", IDS, extents)
    expect_placed(tmp_path / "labels.csv", ["elsewhere"], extents)
    for ending in (".gpkg", ".geojson"):
        with pytest.raises(ExportError, match="not known where elsewhere lies"):
            expect_placed(tmp_path / f"labels{ending}", [*IDS, "elsewhere"], extents)


def test_json_has_logits_by_class_if_they_are_known(tmp_path: Path):
    logits = np.array([[2, -1]], np.float32)
    write_labels(tmp_path / "labels.json", LabelTable(["a"], NAMES, logits / 4, 0.5, logits=logits))
    found = json.loads((tmp_path / "labels.json").read_text())["a"]
    assert found["logits"] == dict(zip(NAMES, [2.0, -1.0], strict=True))


@pytest.mark.parametrize(
    ("name", "changes", "styled"),
    [
        ("labels.gpkg", {}, True),
        ("labels.csv", {}, False),
        ("labels.parquet", {"polygons": None}, False),
        ("labels.parquet", {"threshold": None}, False),
    ],
)
def test_outlines_of_probabilities_have_a_style(name: str, changes: dict[str, None], styled: bool, tmp_path: Path):
    legend = legend_of_names(NAMES)
    write_label_style(tmp_path / name, replace(table(), **changes), legend)
    assert [path.name for path in tmp_path.iterdir()] == (["labels.qml"] if styled else [])
