"""Files of polygons, as GDAL reads them: land cover, countries.

GDAL notices damage where it meets it, which may be in the middle of a file, and says so in many ways.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio
import pyproj
import shapely

from reben.core.errors import RebenError
from reben.io.small_files import is_regular

_DAMAGE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyproj.exceptions.CRSError,
    shapely.errors.ShapelyError,
    UnicodeError,  # texts
    ValueError,  # dates, empty geometries
)


@contextmanager
def reading_polygons(path: Path, *, error: type[RebenError], hint: str) -> Iterator[None]:
    """Around everything that reads `path`: it must be a file or a folder, and what GDAL and GEOS say becomes `error`.

    Raises:
        RebenError: `error`.
    """
    if not is_regular(path) and not path.is_dir():
        state = "is a device or a pipe" if path.exists() else "No such file or directory"
        raise error(f"{path}: cannot be read ({state})", hint=hint)
    try:
        yield
    except _DAMAGE as wrong:
        raise error(f"{path}: cannot be read ({' '.join(str(wrong).split())})", hint=hint) from wrong
