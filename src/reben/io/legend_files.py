"""Legends in files: which codes land cover has, in polygons or rasters, and which classes they form.

A legend is a TOML file::

    name = "My land cover"
    source = "where the codes, names and colours come from"  # optional
    code_column = "code"      # column of the polygons, in any case; not needed for rasters, whose values are the codes
    crs = "EPSG:25833"        # of polygons in files that do not say it; optional
    no_polygon = 0            # code of pixels without land cover; unlabelled
    ignored_layers = ["_old"] # layers with this in their name; optional

    [[codes]]
    code = 10                 # or a text, such as "BE"; reference maps then have its number in this list, from 1
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
from reben.core.registry import Registry
from reben.io.small_files import read_toml

_LARGEST_CODE = 65_535  # reference maps are uint16
_WHITE = (255, 255, 255)
_NUMBER_KIND, _TEXT_KIND = ".constrained-int", "constrained-str"
"""Where pydantic says which kind of code it had in mind."""


@dataclass(frozen=True, slots=True)
class LandCoverFormat:
    """How land cover must look: the columns of its polygons, or the values of its rasters."""

    legend: Legend
    code_column: str
    """Column with the codes; found in any case."""
    crs: str | None
    """Of the polygons."""
    no_polygon: int
    """Code of pixels without land cover."""
    ignored_layers: tuple[str, ...] = ()
    """Layers with one of these in their name, in any case, are left alone."""
    any_crs: bool = False
    """Whether polygons may have another CRS, which is then the file's own. CORINE's borders change if they are
    reprojected twice."""
    texts: tuple[tuple[str, int], ...] = ()
    """Text and code, where the column holds texts."""

    @property
    def codes(self) -> dict[str, int]:
        """Code by what the column holds, as text."""
        return {str(entry.code): entry.code for entry in self.legend.entries} | dict(self.texts)

    def raster_values(self, *, in_bytes: bool) -> dict[int, int]:
        """Code by value of a raster.

        Args:
            in_bytes: whether the raster's values have 8 bits; CORINE's own rasters then hold the number of each code in
                its list, as 511 does not fit.
        """
        if in_bytes and self.legend is CLC2018:
            coded = [entry.code for entry in CLC2018.entries if entry.code != self.no_polygon]
            return dict(enumerate(coded, start=1)) | {_CLC_RASTER_NO_DATA: self.no_polygon}
        return {entry.code: entry.code for entry in self.legend.entries}


_CLC_RASTER_NO_DATA = 48
"""In the 100 m raster of CORINE Land Cover 2018 (its legend lists 1 to 44, and 48 for NODATA)."""

_FOLDER = Path(__file__).parent / "legends"

LEGENDS: Registry[Path] = Registry(
    "reben.legends",
    {
        name: _FOLDER / f"{name}.toml"
        for name in (*("worldcover", "clcplus", "dynamicworld", "io-lulc", "nlcd", "mapbiomas", "from-glc10"),)
    },
    kind=Path,
)
"""Legend files (TOML) by name, ours and those that other packages add; CORINE's own needs no file."""

CLC2018_NAME = "clc2018"
CLC2018_CRS = "EPSG:3035"

CLC2018_FORMAT = LandCoverFormat(
    CLC2018, code_column="Code_18", crs=CLC2018_CRS, no_polygon=999, ignored_layers=("_FR_",)
)
"""CORINE Land Cover 2018 as published; `_FR_` marks the layers of the French overseas regions."""


def legend_file(given: str | Path | None) -> Path | None:
    """The file of a legend that is given by name or by path; None for CORINE Land Cover 2018, the default.

    Raises:
        PluginError: if the legend belongs to another package and cannot be loaded.
    """
    if given is None or str(given).lower() == CLC2018_NAME:
        return None
    name = str(given)
    return LEGENDS[name] if name in LEGENDS else Path(given)


class _Code(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    code: Annotated[int, Field(ge=0, le=_LARGEST_CODE)] | Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(min_length=1)]
    colour: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")]
    class_name: Annotated[str | None, Field(alias="class", min_length=1)] = None

    def entry(self, number: int) -> LandCover:
        """The code as part of a legend; a text gets its number in the list."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        colour: Rgb = (red, green, blue)
        code = self.code if isinstance(self.code, int) else number
        return LandCover(code, self.name, colour, self.class_name)


class _LegendFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)] = "not stated"
    code_column: Annotated[str, Field(min_length=1)] = "code"
    crs: str | None = None
    no_polygon: Annotated[int, Field(ge=0, le=_LARGEST_CODE)]
    ignored_layers: list[str] = []
    codes: Annotated[list[_Code], Field(min_length=1)]


def read_legend(path: Path) -> LandCoverFormat:
    """Legend and format of the polygons from a TOML file.

    Raises:
        LegendError: if the file cannot be read, has an unknown, missing or wrong entry, or contradicts itself.
    """
    hint = "docs/new-areas.md shows a whole legend"
    if not path.exists():
        names = ", ".join([CLC2018_NAME, *LEGENDS])
        raise LegendError(f"{path}: does not exist, and no legend is called so", hint=f"{hint}; known names: {names}")
    values = read_toml(path, error=LegendError, hint=hint)
    try:
        content = _LegendFile.model_validate(values)
        if content.crs is not None:
            pyproj.CRS(content.crs)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])).removesuffix(_NUMBER_KIND) or 'file'}: {e['msg']}"
            for e in error.errors()
            if _TEXT_KIND not in e["loc"]  # a code may be a text, too; one complaint is enough
        )
        raise LegendError(f"{path}: {wrong}", hint=hint) from error
    except pyproj.exceptions.CRSError as error:
        raise LegendError(f"{path}: crs {content.crs!r} is unknown", hint="give a code such as EPSG:3035") from error
    kinds = {type(code.code) for code in content.codes}
    if len(kinds) > 1:
        raise LegendError(f"{path}: some codes are numbers, some are texts", hint="use one kind for all codes")
    entries = [code.entry(number) for number, code in enumerate(content.codes, start=1)]
    texts = {code.code: number for number, code in enumerate(content.codes, start=1) if isinstance(code.code, str)}
    if len(texts) < len(content.codes) and str in kinds:
        raise LegendError(f"{path}: a code is given twice", hint="list each code once")
    empty = next((entry for entry in entries if entry.code == content.no_polygon), None)
    if empty is None:
        entries.append(LandCover(content.no_polygon, "No data", _WHITE, None))
    elif empty.class_name is not None:
        counted = " (texts are numbered as they are listed, from 1)" if texts else ""
        raise LegendError(
            f"{path}: no_polygon {content.no_polygon} is the code of class {empty.class_name!r}{counted}",
            hint="give no_polygon a number that no code has, such as 0",
        )
    try:
        legend = Legend(content.name, tuple(entries))
    except LegendError as error:
        raise LegendError(f"{path}: {error}", hint=hint) from error
    return LandCoverFormat(
        legend,
        content.code_column,
        content.crs,
        content.no_polygon,
        tuple(content.ignored_layers),
        any_crs=True,
        texts=tuple(texts.items()),
    )
