from pathlib import Path
from xml.etree.ElementTree import fromstring

from reben.core.classes import CLC2018
from reben.io.qgis_styles import hex_colour, write_class_style, write_code_style


def test_every_code_has_its_colour_and_name(tmp_path: Path):
    write_code_style(tmp_path / "maps.qml", CLC2018)
    text = (tmp_path / "maps.qml").read_text()
    assert text.startswith("<!DOCTYPE qgis")
    root = fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own file
    renderer = root.find("pipe/rasterrenderer")
    assert renderer.get("type") == "paletted"
    entries = {entry.get("value"): entry for entry in renderer.iter("paletteEntry")}
    assert set(entries) == {str(entry.code) for entry in CLC2018.entries}
    assert entries["311"].get("color") == "#80ff00"
    assert entries["111"].get("label") == "111 Continuous urban fabric (Urban fabric)"
    assert entries["999"].get("alpha") == "0"


def test_every_class_has_its_index_colour_and_name(tmp_path: Path):
    write_class_style(tmp_path / "map.qml", CLC2018)
    root = fromstring((tmp_path / "map.qml").read_text().split("\n", 1)[1])  # noqa: S314 - our own file
    entries = [(entry.get("value"), entry.get("label"), entry.get("alpha")) for entry in root.iter("paletteEntry")]
    assert entries == [(str(index), name, "255") for index, name in enumerate(CLC2018.class_names)]
    urban = CLC2018.class_names.index("Urban fabric")
    assert list(root.iter("paletteEntry"))[urban].get("color") == hex_colour(CLC2018.class_colours[urban])
