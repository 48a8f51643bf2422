"""Sun and view angles of a Sentinel-2 tile, from the grids in its `MTD_TL.xml`.

A grid has a value every 5 km, from the tile's upper left corner on; view angles come per band and detector, with NaN
where a detector does not see the place.

Source: ESA, Sentinel-2 Products Specification Document, "Tile_Angles"; real products.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import ProductError
from reben.io.safe.files import band_of, elements, parse_xml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

_HINT = "download the product again"
_LARGEST_GRID = 1_000
_FULL_TURN_DEG = 360
_LARGEST_SUN_ZENITH_DEG = 90
_LARGEST_VIEW_ZENITH_DEG = 30
"""Real ones have up to 12.2: the swath is 290 km wide, seen from 786 km."""
_SMALLEST_STEP_M, _LARGEST_STEP_M = 100, 100_000
"""Real grids have a value every 5,000 m."""

Grid = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DirectionGrid:
    """Directions on a regular grid, as horizontal components: an average of angles near north would make no sense."""

    east: Grid
    """Sine of the zenith angle times sine of the azimuth, shape (rows, columns), from the north-west corner on."""
    north: Grid
    """Sine of the zenith angle times cosine of the azimuth."""
    step_m: float
    """Between neighbours, in metres."""


@dataclass(frozen=True, slots=True)
class TileAngles:
    """Where the sun stands and the satellite is, seen from the ground."""

    sun: DirectionGrid
    view: "Mapping[str, DirectionGrid]"
    """Per band; the mean over the detectors that see a place, and the band's mean where none does."""


def read_angles(path: Path, content: bytes) -> TileAngles:
    """Read the angles.

    Args:
        path: of the product, for messages.
        content: of MTD_TL.xml.

    Raises:
        ProductError: if grids are missing or damaged.
    """
    root = parse_xml(path, "MTD_TL.xml", content)
    suns = [_direction(path, element, _LARGEST_SUN_ZENITH_DEG) for element in elements(root, "Sun_Angles_Grid")]
    if not suns or not np.isfinite(suns[0].east).all() or not np.isfinite(suns[0].north).all():
        raise ProductError(f"{path}: MTD_TL.xml has no complete Sun_Angles_Grid", hint=_HINT)
    detectors: dict[str, list[DirectionGrid]] = {}
    for element in elements(root, "Viewing_Incidence_Angles_Grids"):
        grid = _direction(path, element, _LARGEST_VIEW_ZENITH_DEG)
        detectors.setdefault(band_of(path, element, "bandId"), []).append(grid)
    missing = [band for band in MSI_RESOLUTIONS_M if band not in detectors]
    if missing:
        raise ProductError(f"{path}: MTD_TL.xml has no view angles of {', '.join(missing)}", hint=_HINT)
    return TileAngles(suns[0], {band: _mean(path, band, grids) for band, grids in detectors.items()})


def _direction(path: Path, element: "Element", largest_zenith_deg: float) -> DirectionGrid:
    """One pair of grids, of zenith and azimuth; NaN in both where nothing is seen.

    Raises:
        ProductError: if they are damaged.
    """
    zenith, step_m = _grid(path, element, "Zenith")
    azimuth, _ = _grid(path, element, "Azimuth")
    with np.errstate(invalid="ignore"):
        same = zenith.shape == azimuth.shape and bool((np.isnan(zenith) == np.isnan(azimuth)).all())
        wrong = (zenith < 0).any() or (zenith > largest_zenith_deg).any() or (np.abs(azimuth) > _FULL_TURN_DEG).any()
    if not same or wrong:
        raise ProductError(f"{path}: MTD_TL.xml has {element.tag} that are not angles", hint=_HINT)
    sine, azimuth = np.sin(np.radians(zenith)), np.radians(azimuth)
    return DirectionGrid(sine * np.sin(azimuth), sine * np.cos(azimuth), step_m)


def _grid(path: Path, element: "Element", name: str) -> tuple[Grid, float]:
    """Values in degrees, and the step in metres.

    Raises:
        ProductError: if there is no regular grid.
    """
    try:
        part = next(elements(element, name))
        rows = [[float(value) for value in (row.text or "").split()] for row in elements(part, "VALUES")]
        steps = {float(step.text or "nan") for step in elements(part, "COL_STEP", "ROW_STEP")}
        grid = np.array(rows, np.float64)
        (step_m,) = steps
    except (StopIteration, ValueError) as error:
        raise ProductError(f"{path}: MTD_TL.xml has a damaged grid of {name} angles", hint=_HINT) from error
    is_grid = grid.ndim == 2 and 2 <= min(grid.shape) <= max(grid.shape) <= _LARGEST_GRID  # noqa: PLR2004
    if not is_grid or not _SMALLEST_STEP_M <= step_m <= _LARGEST_STEP_M:
        raise ProductError(
            f"{path}: MTD_TL.xml has a grid of {name} angles of shape {grid.shape} with a step of {step_m:g} m",
            hint=_HINT,
        )
    return grid, step_m


def _mean(path: Path, band: str, grids: list[DirectionGrid]) -> DirectionGrid:
    """Mean over detectors.

    Raises:
        ProductError: if none of them sees anything, or they differ in shape.
    """
    first = grids[0]
    if any(grid.east.shape != first.east.shape or grid.step_m != first.step_m for grid in grids):
        raise ProductError(f"{path}: MTD_TL.xml has view angles of {band} on different grids", hint=_HINT)
    east, north = (_mean_of([getattr(grid, name) for grid in grids]) for name in ("east", "north"))
    if not np.isfinite(east).all():
        raise ProductError(f"{path}: MTD_TL.xml has no view angle of {band} at all", hint=_HINT)
    return DirectionGrid(east, north, first.step_m)


def _mean_of(grids: list[Grid]) -> Grid:
    """Mean over the first axis without NaN, and over all where there is nothing else."""
    stack = np.stack(grids)
    seen = np.isfinite(stack)
    count = seen.sum(axis=0)
    total = np.where(seen, stack, 0).sum(axis=0)
    overall = total.sum() / count.sum() if count.any() else np.nan
    mean: Grid = np.where(count > 0, total / np.maximum(count, 1), overall)
    return mean
