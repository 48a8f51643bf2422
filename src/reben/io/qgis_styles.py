"""QGIS style files for maps: names and colours of the land-cover codes of reference maps, and of classes.

A reference map must have the published bytes, and a class map has colours, but no names that QGIS reads: what is
missing stands in a file beside. QGIS loads one that has the name of the map by itself; a style for a folder of maps is
loaded with Layer Properties, Symbology, Style, Load Style.

Source: the paletted raster renderer of QGIS 3 style files.
"""

from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reben.core.classes import Legend, Rgb
from reben.work import atomic

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_QGIS_VERSION = "3.28.0"


def style_beside(layer: Path) -> Path:
    """The style that QGIS loads with a file by itself.

    >>> style_beside(Path("map.tif"))
    PosixPath('map.qml')
    """
    return layer.with_suffix(".qml")


def write_code_style(target: Path, legend: Legend) -> None:
    """Write a style that shows land-cover codes in the legend's colours, with names and classes.

    Args:
        target: file to write, *.qml.
        legend: codes, names, colours and classes.
    """
    entries = []
    for entry in legend.entries:
        name = f"{entry.code} {entry.name}"
        label = name if entry.class_name is None else f"{name} ({entry.class_name})"
        is_shown = entry.class_name is not None or entry.colour != (255, 255, 255)
        entries.append((entry.code, label, entry.colour, is_shown))
    _write_palette(target, entries)


def write_class_style(target: Path, legend: Legend) -> None:
    """Write a style that shows class indices in the legend's colours, with the names of the classes.

    Args:
        target: file to write, *.qml.
        legend: classes and their colours.
    """
    shown = zip(legend.class_names, legend.class_colours, strict=True)
    _write_palette(target, [(index, name, colour, True) for index, (name, colour) in enumerate(shown)])


def hex_colour(colour: Rgb) -> str:
    """A colour as style files have it.

    >>> hex_colour((255, 128, 0))
    '#ff8000'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def style_document() -> Element:
    """The root of a style file, to be filled."""
    return Element("qgis", version=_QGIS_VERSION, styleCategories="Symbology")


def write_style(target: Path, root: Element) -> None:
    """Write a style file."""
    indent(root)
    atomic.write_text(target, _DOCTYPE + tostring(root, encoding="unicode") + "\n")


def _write_palette(target: Path, entries: Iterable[tuple[int, str, Rgb, bool]]) -> None:
    """Write a style of values with label and colour, and whether they are shown."""
    root = style_document()
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
    for value, label, colour, is_shown in entries:
        alpha = "255" if is_shown else "0"
        SubElement(palette, "paletteEntry", value=str(value), color=hex_colour(colour), label=label, alpha=alpha)
    write_style(target, root)
