from pathlib import Path
from xml.etree.ElementTree import fromstring

from reben.core.classes import CLC2018
from reben.io.qgis_styles import write_code_style


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
