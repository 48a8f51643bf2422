"""Legends in files: which codes a file of land-cover polygons has, and which classes they form.

A legend is a TOML file::

    name = "My land cover"
    code_column = "code"      # column of the polygons, in any case
    crs = "EPSG:25833"        # that the polygons must have
    no_polygon = 0            # code of pixels that no polygon covers; unlabelled
    ignored_layers = ["_old"] # layers with this in their name; optional

    [[codes]]
    code = 10
    name = "Beech"
    colour = "#80ff00"
    class = "Forest"          # without it the code stays unlabelled
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyproj
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reben.core.classes import CLC2018, LandCover, Legend, Rgb
from reben.core.errors import LegendError
from reben.io.small_files import read_toml

_LARGEST_CODE = 65_535  # reference maps are uint16
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class LandCoverFormat:
    """How a file of land-cover polygons must look."""

    legend: Legend
    code_column: str
    """Column with the codes; found in any case."""
    crs: str
    no_polygon: int
    """Code of pixels that no polygon covers."""
    ignored_layers: tuple[str, ...] = ()
    """Layers with one of these in their name, in any case, are left alone."""


CLC2018_FORMAT = LandCoverFormat(
    CLC2018, code_column="Code_18", crs="EPSG:3035", no_polygon=999, ignored_layers=("_FR_",)
)
"""CORINE Land Cover 2018 as published; `_FR_` marks the layers of the French overseas regions."""


class _Code(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    code: Annotated[int, Field(ge=0, le=_LARGEST_CODE)]
    name: Annotated[str, Field(min_length=1)]
    colour: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")]
    class_name: Annotated[str | None, Field(alias="class", min_length=1)] = None

    def entry(self) -> LandCover:
        red, green, blue = bytes.fromhex(self.colour[1:])
        colour: Rgb = (red, green, blue)
        return LandCover(self.code, self.name, colour, self.class_name)


class _LegendFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    code_column: Annotated[str, Field(min_length=1)]
    crs: str
    no_polygon: Annotated[int, Field(ge=0, le=_LARGEST_CODE)]
    ignored_layers: list[str] = []
    codes: Annotated[list[_Code], Field(min_length=1)]


def read_legend(path: Path) -> LandCoverFormat:
    """Legend and format of the polygons from a TOML file.

    Raises:
        LegendError: if the file cannot be read, has an unknown, missing or wrong entry, or contradicts itself.
    """
    values = read_toml(path, error=LegendError, hint="docs/new-areas.md shows a whole legend")
    try:
        content = _LegendFile.model_validate(values)
        pyproj.CRS(content.crs)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise LegendError(f"{path}: {wrong}", hint="docs/new-areas.md shows a whole legend") from error
    except pyproj.exceptions.CRSError as error:
        raise LegendError(f"{path}: crs {content.crs!r} is unknown", hint="give a code such as EPSG:3035") from error
    entries = [code.entry() for code in content.codes]
    empty = next((entry for entry in entries if entry.code == content.no_polygon), None)
    if empty is None:
        entries.append(LandCover(content.no_polygon, "No data", _WHITE, None))
    elif empty.class_name is not None:
        raise LegendError(f"{path}: no_polygon {content.no_polygon} is the code of class {empty.class_name!r}")
    try:
        legend = Legend(content.name, tuple(entries))
    except LegendError as error:
        raise LegendError(f"{path}: {error}") from error
    return LandCoverFormat(legend, content.code_column, content.crs, content.no_polygon, tuple(content.ignored_layers))
