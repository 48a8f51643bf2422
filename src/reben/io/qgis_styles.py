"""QGIS style files for reference maps, which hold land-cover codes and no colours.

A reference map must have the published bytes, so that names and colours stand in a file beside the maps. In QGIS: Layer
Properties, Symbology, Style, Load Style.

Source: the paletted raster renderer of QGIS 3 style files.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reben.core.classes import Legend
from reben.work import atomic

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_QGIS_VERSION = "3.28.0"


def write_code_style(target: Path, legend: Legend) -> None:
    """Write a style that shows land-cover codes in the legend's colours, with names and classes.

    Args:
        target: file to write, *.qml.
        legend: codes, names, colours and classes.
    """
    root = Element("qgis", version=_QGIS_VERSION, styleCategories="Symbology")
    renderer = SubElement(
        SubElement(root, "pipe"),
        "rasterrenderer",
        type="paletted",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
    )
    SubElement(renderer, "rasterTransparency")
    palette = SubElement(renderer, "colorPalette")
    for entry in legend.entries:
        name = f"{entry.code} {entry.name}"
        label = name if entry.class_name is None else f"{name} ({entry.class_name})"
        colour = "#{:02x}{:02x}{:02x}".format(*entry.colour)
        alpha = "0" if entry.class_name is None and entry.colour == (255, 255, 255) else "255"
        SubElement(palette, "paletteEntry", value=str(entry.code), color=colour, label=label, alpha=alpha)
    indent(root)
    atomic.write_text(target, _DOCTYPE + tostring(root, encoding="unicode") + "\n")
