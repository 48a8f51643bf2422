"""Styles beside files with outlines; tests/integration/test_qgis.py opens them in QGIS, where it is installed."""

from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from reben.io.qgis_outlines import write_probability_style, write_table_style

COLOURS = {"Forest": (0, 128, 0), 'It\'s "wet"': (0, 0, 255)}


def rules(path: Path) -> dict[str, dict[str, str]]:
    root = fromstring(path.read_text().split("\n", 1)[1])  # noqa: S314 - our own file
    groups: list[Element] = root.findall("renderer-v2/rules/rule")
    return {
        group.get("label", ""): {rule.get("label", ""): rule.get("filter", "") for rule in group} for group in groups
    }


def test_tables_are_shown_by_split_and_by_class_once_that_is_ticked(tmp_path: Path):
    write_table_style(tmp_path / "patches.parquet", COLOURS)
    found = rules(tmp_path / "patches.qml")
    assert list(found) == ["Split", "Has the class"]
    assert found["Split"]["test"] == "\"split\" = 'test'"
    assert list(found["Has the class"].values()) == [
        "array_contains(\"labels\", 'Forest')",
        "array_contains(\"labels\", 'It''s \"wet\"')",
    ]
    text = (tmp_path / "patches.qml").read_text()
    assert text.count('checkstate="0"') == 1
    assert 'value="0,128,0,255"' in text


def test_predictions_are_shown_by_the_most_probable_class(tmp_path: Path):
    write_probability_style(tmp_path / "labels.gpkg", COLOURS)
    (found,) = rules(tmp_path / "labels.qml").values()
    assert found["Forest"] == '"Forest" = max("Forest", "It\'s ""wet""")'
    root = fromstring((tmp_path / "labels.qml").read_text().split("\n", 1)[1])  # noqa: S314 - our own file
    symbols = {symbol.get("name") for symbol in root.iter("symbol")}
    assert symbols == {rule.get("symbol") for rule in root.iter("rule") if rule.get("filter")}


def test_a_style_that_somebody_changed_stays(tmp_path: Path):
    (tmp_path / "labels.qml").write_text("mine")
    write_probability_style(tmp_path / "labels.gpkg", COLOURS)
    write_table_style(tmp_path / "labels.parquet", COLOURS)
    assert (tmp_path / "labels.qml").read_text() == "mine"
