"""QGIS style files for outlines of patches: tables by split and class, predictions by the most probable class.

QGIS loads a style that lies beside a file and has its name by itself. Rules can be ticked one by one in its list of
layers.

Source: the rule-based renderer of QGIS 3 style files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from reben.core.classes import Rgb
from reben.core.palettes import SPLIT_COLOURS
from reben.io.qgis_styles import style_beside, style_document, write_style

OUTLINE_ENDINGS = frozenset({".parquet", ".geoparquet", ".gpkg", ".geojson"})
"""Of files in which QGIS finds outlines."""
_OPACITY = "0.7"
_EDGE = "40,40,40,120"
"""Colour and opacity of the edge of an outline."""
_EDGE_MM = "0.1"


@dataclass(frozen=True, slots=True)
class _Rule:
    label: str
    condition: str
    """In the language of QGIS's expressions."""
    colour: Rgb


@dataclass(frozen=True, slots=True)
class _Group:
    label: str
    rules: tuple[_Rule, ...]
    is_ticked: bool = True


def write_table_style(layer: Path, colours: Mapping[str, Rgb]) -> None:
    """Write a style beside a metadata table with footprints: by split and, once that is ticked, by class.

    Args:
        layer: the table. A style that is there already is left as it is: somebody may have changed it.
        colours: of the classes.
    """
    splits = tuple(_Rule(name, f'"split" = {_text(name)}', colour) for name, colour in SPLIT_COLOURS.items())
    classes = tuple(_Rule(name, f'array_contains("labels", {_text(name)})', colour) for name, colour in colours.items())
    _write(layer, (_Group("Split", splits), _Group("Has the class", classes, is_ticked=False)))


def write_probability_style(layer: Path, colours: Mapping[str, Rgb]) -> None:
    """Write a style beside outlines that have a column with the probability of each class: by the most probable one.

    Args:
        layer: the file with the outlines. A style that is there already is left as it is.
        colours: by the names of the columns.
    """
    highest = f"max({', '.join(map(_field, colours))})"
    rules = tuple(_Rule(name, f"{_field(name)} = {highest}", colour) for name, colour in colours.items())
    _write(layer, (_Group("Most probable class", rules),))


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _field(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _write(layer: Path, groups: tuple[_Group, ...]) -> None:
    target = style_beside(layer)
    if target.exists():
        return
    root = style_document()
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    rules, symbols = SubElement(renderer, "rules", key="root"), SubElement(renderer, "symbols")
    for number, group in enumerate(groups):
        ticked = "1" if group.is_ticked else "0"
        below = SubElement(rules, "rule", key=f"group-{number}", label=group.label, checkstate=ticked)
        for rule in group.rules:
            symbol = str(len(symbols))
            SubElement(below, "rule", key=f"rule-{symbol}", label=rule.label, filter=rule.condition, symbol=symbol)
            _add_symbol(symbols, symbol, rule.colour)
    write_style(target, root)


def _add_symbol(symbols: Element, name: str, colour: Rgb) -> None:
    symbol = SubElement(symbols, "symbol", name=name, type="fill", alpha=_OPACITY)
    layer = SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1"})
    values = {
        "color": ",".join(map(str, (*colour, 255))),
        "style": "solid",
        "outline_color": _EDGE,
        "outline_style": "solid",
        "outline_width": _EDGE_MM,
        "outline_width_unit": "MM",
    }
    options = SubElement(layer, "Option", type="Map")
    for key, value in values.items():
        SubElement(options, "Option", name=key, value=value, type="QString")
