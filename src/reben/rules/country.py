"""Country of a patch: the nearest of a set of countries, in the patch's own projection.

Outlines: Natural Earth admin 0, 1:110 m (public domain), embedded. The published countries follow from the ten
countries of reBEN with these outlines; distances are measured from the patch's square, and where two are equally near
(patches on a border touch both) the alphabetically first is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray

from reben.core.errors import CountryError
from reben.io.projection import project
from reben.io.vector_files import reading_polygons

REBEN_COUNTRIES = (
    "Austria",
    "Belgium",
    "Finland",
    "Ireland",
    "Kosovo",
    "Lithuania",
    "Luxembourg",
    "Portugal",
    "Serbia",
    "Switzerland",
)
"""The ten countries of reBEN."""

_HINT = "give `reben`, `all`, or a GeoPackage, GeoJSON or Shapefile"
_GEOGRAPHIC = "EPSG:4326"
_NAME_COLUMNS = ("name", "admin", "country")
_POLYGONS = ("Polygon", "MultiPolygon")
_VISIBLE_DEG = 60  # farther from the middle of a UTM zone, the projection has no meaning


@dataclass(frozen=True)
class Countries:
    """Outlines of countries, sorted by name."""

    names: tuple[str, ...]
    outlines: NDArray[np.object_]
    """Shapely geometries in longitude and latitude (WGS 84), shape (n,)."""

    def only(self, names: Sequence[str]) -> "Countries":
        """Some of the countries.

        Raises:
            CountryError: if one is missing.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise CountryError(f"no country {missing[0]!r}", hint=f"known are: {', '.join(self.names)}")
        kept = [i for i, name in enumerate(self.names) if name in names]
        return Countries(tuple(self.names[i] for i in kept), self.outlines[kept])


def embedded_countries() -> Countries:
    """All countries of the embedded table."""
    # A path, not Python's bytes: Arrow's threads would abort a process that ends before they have let go of those.
    with as_file(files("reben.rules") / "countries.parquet") as path:
        table = pq.read_table(path)
    return Countries(tuple(table["name"].to_pylist()), shapely.from_wkb(table["geometry"].to_numpy()))


def read_countries(path: Path) -> Countries:
    """Countries from any vector file that GDAL reads, with a column `name`, `admin` or `country` (in any case).

    Raises:
        CountryError: if the file cannot be read, lacks such a column, or has no CRS or no polygon.
    """
    with reading_polygons(path, error=CountryError, hint=_HINT):
        info, _, wkb, columns = pyogrio.raw.read(path)
        outlines = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    fields = [str(field).lower() for field in info["fields"]]
    column = next((fields.index(name) for name in _NAME_COLUMNS if name in fields), None)
    if column is None or info["crs"] is None or outlines is None or not len(outlines):
        raise CountryError(
            f"{path}: expected polygons with a CRS and a column name, admin or country; "
            f"found CRS {info['crs']}, columns {', '.join(map(str, info['fields']))}"
        )
    for polygon, name in zip(outlines, columns[column], strict=True):
        if polygon is None or polygon.is_empty or polygon.geom_type not in _POLYGONS or not str(name or "").strip():
            raise CountryError(
                f"{path}: country {str(name)[:40]!r} has {'no geometry' if polygon is None else polygon.wkt[:40]}; "
                "expected a name and a polygon",
                hint="take such rows out of the file",
            )
    geographic = project(outlines, info["crs"], _GEOGRAPHIC)
    if not np.isfinite(shapely.get_coordinates(geographic)).all():
        raise CountryError(f"{path}: has coordinates that are not places on the Earth", hint="check its CRS")
    order = np.argsort(columns[column].astype(str))
    return Countries(tuple(str(name) for name in columns[column][order]), geographic[order])


def nearest_country(countries: Countries, patches: NDArray[np.object_], crs: str) -> list[str]:
    """Name of the country nearest to each patch.

    Args:
        countries: to choose from.
        patches: squares of patches, shapely geometries in `crs`, shape (n,).
        crs: projected CRS of one UTM zone, such as EPSG:32633.

    Raises:
        CountryError: if there is no country to choose from.
    """
    if not countries.names:
        raise CountryError("no country to choose from")
    tree = shapely.STRtree(_near_the_zone(countries.outlines, crs))
    nearest = np.full(len(patches), len(countries.names))
    patch_indices, country_indices = tree.query_nearest(patches, all_matches=True)
    np.minimum.at(nearest, patch_indices, country_indices)  # names are sorted: of equally near ones the first
    return [countries.names[i] for i in nearest]


def _near_the_zone(outlines: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    """Outlines in `crs`; what is too far from it to be projected is cut off, and may leave nothing."""
    projected = project(outlines, _GEOGRAPHIC, crs)
    beyond = ~np.array([np.isfinite(shapely.get_coordinates(outline)).all() for outline in projected])
    if beyond.any():
        area = pyproj.CRS(crs).area_of_use
        west, east = (-180.0, 180.0) if area is None else (area.west - _VISIBLE_DEG, area.east + _VISIBLE_DEG)
        visible = shapely.make_valid(outlines[beyond])
        projected[beyond] = project(shapely.intersection(visible, shapely.box(west, -89, east, 89)), _GEOGRAPHIC, crs)
    return projected
