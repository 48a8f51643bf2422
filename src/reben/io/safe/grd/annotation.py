"""The annotation of a GRD image: times of lines, the orbit, and how slant range became ground range.

Sources: ESA, Sentinel-1 Product Specification (S1-RS-MDA-52-7441), "Level-1 product annotation data set"; a real
product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import ProductError
from reben.io.safe.files import elements, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HINT = "download the product again"
_FEWEST_VECTORS = 5
_LONGEST_SIDE_PX = 100_000
"""Of images; those of IW products have some 26,000 by 17,000 pixels, those of EW products fewer."""


@dataclass(frozen=True, slots=True)
class StateVectors:
    """Where the satellite was, Earth-fixed."""

    times_s: NDArray[np.float64]
    """Shape (n,), seconds after the first line of the image."""
    positions_m: NDArray[np.float64]
    """Shape (n, 3), ECEF."""


@dataclass(frozen=True, slots=True)
class GroundRange:
    """Polynomials from slant range to ground range, each for one moment."""

    times_s: NDArray[np.float64]
    """Shape (k,), seconds after the first line of the image."""
    origins_m: NDArray[np.float64]
    """Shape (k,), slant range at which each polynomial begins."""
    coefficients: NDArray[np.float64]
    """Shape (k, degree + 1): ground range in metres by powers of slant range less the origin, the constant first."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Geometry and processing of one polarisation of a product."""

    mission: str
    mode: str
    product_type: str
    polarisation: str
    first_line: datetime
    """Zero-Doppler time of the first line, UTC."""
    line_interval_s: float
    pixel_spacing_m: float
    """Ground range from one pixel to the next."""
    lines: int
    pixels: int
    orbit_number: int
    """Absolute."""
    data_take: str
    vectors: StateVectors
    ground_range: GroundRange
    noise_removed: bool
    """Whether ESA has removed the thermal noise already."""


def parse_annotation(where: str, root: "Element") -> Annotation:
    """Read an annotation.

    Args:
        where: path of the product and name of the file, for messages.
        root: of the XML document.

    Raises:
        ProductError: if something is missing or cannot be.
    """
    first = parse_time(where, text_of(root, "productFirstLineUtcTime"))
    return Annotation(
        mission=text_of(root, "missionId"),
        mode=text_of(root, "mode"),
        product_type=text_of(root, "productType"),
        polarisation=text_of(root, "polarisation"),
        first_line=first,
        line_interval_s=_positive(where, root, "azimuthTimeInterval"),
        pixel_spacing_m=_positive(where, root, "rangePixelSpacing"),
        lines=_side(where, root, "numberOfLines"),
        pixels=_side(where, root, "numberOfSamples"),
        orbit_number=int(_positive(where, root, "absoluteOrbitNumber")),
        data_take=text_of(root, "missionDataTakeId"),
        vectors=_state_vectors(where, root, first),
        ground_range=_ground_range(where, root, first),
        noise_removed=text_of(root, "thermalNoiseCorrectionPerformed").lower() == "true",
    )


def parse_time(where: str, text: str) -> datetime:
    """A time as products state it, UTC.

    Raises:
        ProductError: if it is not one.
    """
    try:
        return datetime.fromisoformat(text.removeprefix("UTC=").removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise ProductError(f"{where}: {text[:40]!r} is not a time", hint=HINT) from error


def numbers(where: str, text: str | None) -> NDArray[np.float64]:
    """Numbers in a text, shape (n,).

    Raises:
        ProductError: if there are none, or one is not a finite number.
    """
    try:
        values = np.array((text or "").split(), np.float64)
    except ValueError as error:
        raise ProductError(f"{where}: {(text or '')[:40]!r} are not numbers", hint=HINT) from error
    if not values.size or not np.isfinite(values).all():
        raise ProductError(f"{where}: {(text or '')[:40]!r} are not finite numbers", hint=HINT)
    return values


def number(where: str, root: "Element", name: str) -> float:
    """The number that an element holds.

    Raises:
        ProductError: if there is no such element, or it holds something else.
    """
    values = numbers(f"{where}: {name}", text_of(root, name))
    if values.size != 1:
        raise ProductError(f"{where}: {name} has {values.size} numbers; expected one", hint=HINT)
    return float(values[0])


def _positive(where: str, root: "Element", name: str) -> float:
    value = number(where, root, name)
    if value <= 0:
        raise ProductError(f"{where}: {name} is {value:g}; expected a positive number", hint=HINT)
    return value


def _side(where: str, root: "Element", name: str) -> int:
    value = _positive(where, root, name)
    if value != int(value) or value > _LONGEST_SIDE_PX:
        raise ProductError(f"{where}: {name} is {value:g}; expected at most {_LONGEST_SIDE_PX:,}", hint=HINT)
    return int(value)


def _state_vectors(where: str, root: "Element", first: datetime) -> StateVectors:
    found = sorted(
        (
            (parse_time(where, text_of(vector, "time")) - first).total_seconds(),
            *(number(where, position, axis) for axis in "xyz"),
        )
        for vector in elements(root, "orbit")
        for position in elements(vector, "position")
    )
    return state_vectors(where, np.array(found))


def state_vectors(where: str, rows: NDArray[np.float64]) -> StateVectors:
    """State vectors out of rows of time and position.

    Raises:
        ProductError: if there are too few, or two of one time.
    """
    if len(rows) < _FEWEST_VECTORS or (np.diff(rows[:, 0]) <= 0).any():
        raise ProductError(
            f"{where}: {len(rows)} state vectors of the orbit; expected {_FEWEST_VECTORS} at least, of different times",
            hint=HINT,
        )
    return StateVectors(rows[:, 0], rows[:, 1:])


def _ground_range(where: str, root: "Element", first: datetime) -> GroundRange:
    found = sorted(_conversions(where, root, first), key=lambda row: row[0])
    if not found or len({coefficients.size for *_, coefficients in found}) != 1:
        raise ProductError(f"{where}: polynomials to ground range are missing, or have different degrees", hint=HINT)
    times, origins, coefficients = zip(*found, strict=True)
    if (np.diff(times) <= 0).any():
        raise ProductError(f"{where}: two polynomials to ground range have one time", hint=HINT)
    return GroundRange(np.array(times), np.array(origins), np.array(coefficients))


def _conversions(where: str, root: "Element", first: datetime) -> Iterator[tuple[float, float, NDArray[np.float64]]]:
    for record in elements(root, "coordinateConversion"):
        if text_of(record, "srgrCoefficients") and record.find("srgrCoefficients") is not None:
            time = (parse_time(where, text_of(record, "azimuthTime")) - first).total_seconds()
            coefficients = numbers(f"{where}: srgrCoefficients", text_of(record, "srgrCoefficients"))
            yield time, number(where, record, "sr0"), coefficients
