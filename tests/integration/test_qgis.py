"""Styles in QGIS itself, where it is installed (Debian's `python3-qgis`): QGIS loads what lies beside a file."""

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from reben.core.classes import CLC2018
from reben.core.grid import TileExtent
from reben.describe.geotable import write_geotable_style
from reben.describe.patch_tables import read_patch_table
from reben.io.dataset.paths import DatasetPaths
from reben.io.qgis_styles import write_code_style
from reben.learn.inference.label_files import LabelTable, write_label_style, write_labels
from reben.learn.inference.tile_prediction import TileMap

pytestmark = pytest.mark.slow

PYTHONS = [path for path in (shutil.which("python3"), "/usr/bin/python3") if path is not None]
"""QGIS's modules belong to the Python of the system."""
SCRIPT = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsFeatureRequest, QgsRasterLayer, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
folder = sys.argv[1]
shown = {}
for name in ("map.tif", "codes.tif"):
    layer = QgsRasterLayer(f"{folder}/{name}", name)
    shown[name] = {int(entry.value): [entry.label, entry.color.name()] for entry in layer.renderer().classes()}
for name in ("labels.gpkg", "patches.geojson"):
    layer = QgsVectorLayer(f"{folder}/{name}", name, "ogr")
    shown[name] = {
        group.label(): {
            rule.label(): [
                rule.symbol().color().name(),
                len(list(layer.getFeatures(QgsFeatureRequest().setFilterExpression(rule.filterExpression())))),
            ]
            for rule in group.children()
        }
        for group in layer.renderer().rootRule().children()
    }
print("shown:" + json.dumps(shown))
"""


@pytest.fixture(scope="module")
def python_of_qgis() -> str:
    for python in PYTHONS:
        if not subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
            return python
    pytest.skip("QGIS is not installed")


def in_hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def write_outlines(folder: Path) -> LabelTable:
    squares = [shapely.box(300_000 + 1200 * i, 5_000_000, 301_200 + 1200 * i, 5_001_200) for i in range(19)]
    probabilities = np.eye(19, dtype=np.float32) * 0.5 + 0.25
    names = [f"patch {i}" for i in range(19)]
    table = LabelTable(names, CLC2018.class_names, probabilities, 0.5, np.array(squares, object), "EPSG:32633")
    write_labels(folder / "labels.gpkg", table)
    write_label_style(folder / "labels.gpkg", table, CLC2018)
    return table


def write_table(folder: Path, metadata: Path) -> list[dict[str, Any]]:
    """The rows of a metadata table as GeoJSON, which the GDAL of every QGIS reads; lists of labels are lists there."""
    write_geotable_style(folder / "patches.geojson", read_patch_table([metadata]))
    rows: list[dict[str, Any]] = pq.read_table(metadata, columns=["split", "labels"]).to_pylist()
    place = {"type": "Point", "coordinates": [0, 0]}
    features = [{"type": "Feature", "geometry": place, "properties": row} for row in rows]
    (folder / "patches.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return rows


def test_names_and_colours_in_qgis(python_of_qgis: str, tiny_dataset: DatasetPaths, tmp_path: Path):
    classes = np.arange(-1, 19, dtype=np.int8).repeat(20).reshape(20, 20)
    TileMap(TileExtent("EPSG:32633", 300_000, 5_000_000, 200), classes).write(tmp_path / "map.tif", CLC2018)
    write_code_style(tmp_path / "codes.qml", CLC2018)
    shutil.copyfile(next(tiny_dataset.reference_maps.rglob("*.tif")), tmp_path / "codes.tif")
    write_outlines(tmp_path)
    rows = write_table(tmp_path, tiny_dataset.metadata)

    done = subprocess.run([python_of_qgis, "-c", SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert "shown:" in done.stdout, done.stderr
    shown = json.loads(done.stdout.partition("shown:")[2])
    colours = dict(zip(CLC2018.class_names, map(in_hex, CLC2018.class_colours), strict=True))
    assert shown["map.tif"] == {str(i): [name, colours[name]] for i, name in enumerate(CLC2018.class_names)}
    assert shown["codes.tif"]["111"] == ["111 Continuous urban fabric (Urban fabric)", "#e6004d"]
    assert shown["labels.gpkg"] == {"Most probable class": {name: [colour, 1] for name, colour in colours.items()}}
    counts = Counter(name for row in rows for name in row["labels"])
    assert {name: found for name, (_, found) in shown["patches.geojson"]["Has the class"].items() if found} == counts
    splits = {name: found for name, (_, found) in shown["patches.geojson"]["Split"].items() if found}
    assert splits == Counter(row["split"] for row in rows)
