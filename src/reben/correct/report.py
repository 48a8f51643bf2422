"""What a correction did, as each product says of itself: `reben-correction.json`."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reben.core.errors import CorrectionError
from reben.io.records import read_record, record_config

REPORT_FILE = "reben-correction.json"
"""Inside the product."""
FORMAT_VERSION = 2
"""1 had keys that are phrases, such as "light from neighbouring ground"; it is still read."""

_FORMER_NAMES = {
    "source": "from",
    "compared_with": "compared with",
    "peak_memory_bytes": "peak memory of the worker (bytes)",
}


class Found(BaseModel):
    """Where a value of the atmosphere comes from."""

    model_config = record_config({})

    source: str
    """Such as `dark vegetation`, `forecast in the product`, `default`."""
    cells: int
    """Cells of 1200 m that were read for it; 0 if it does not come from the image."""
    reason: str | None = None
    """Why it does not come from a better source, if that is known."""


class AerosolFound(Found):
    """Aerosol over the tile."""

    model_config = record_config({"optical_thickness_550nm": "optical thickness at 550 nm"})

    optical_thickness_550nm: float


class WaterVapourFound(Found):
    """Water vapour over the tile, in g/cm²."""

    model_config = record_config({"mean_g_cm2": "g/cm2", "smallest_g_cm2": "from", "largest_g_cm2": "to"})

    mean_g_cm2: float
    smallest_g_cm2: float
    largest_g_cm2: float


class OzoneFound(Found):
    """Ozone over the tile, in Dobson units."""

    model_config = record_config({"column_du": "Dobson units"})

    column_du: float


class AltitudeFound(Found):
    """Altitude of the ground, in metres above the sea."""

    model_config = record_config({"mean_m": "mean (m)", "lowest_m": "from (m)", "highest_m": "to (m)"})

    mean_m: float
    lowest_m: float
    highest_m: float


class Adjacency(BaseModel):
    """Light from neighbouring ground that was taken out."""

    model_config = record_config({"range_m": "range (m)"})

    range_m: float
    """How far away that ground may lie; 0 if nothing was taken out."""
    share: dict[str, float]
    """Of the light of each band that was scattered into the view from there."""


class CorrectionRecord(BaseModel):
    """What an engine did to one product."""

    model_config = record_config(_FORMER_NAMES)

    format_version: int = 1
    engine: str
    """Name and version."""
    product: str
    """Name of the L2A product."""
    source: str
    """Name of the L1C product."""
    compared_with: tuple[str, ...]
    """Checksums of the L1C product with which its images were compared."""
    fallbacks: tuple[str, ...] = ()
    """What was assumed, because it could neither be read from the image nor was given."""
    seconds: dict[str, float] = {}
    """By stage."""
    peak_memory_bytes: int | None = None
    """Of the worker."""

    def as_json(self) -> dict[str, Any]:
        """For a file; what is not known is left out."""
        return self.model_dump(mode="json", exclude_none=True) | {"format_version": FORMAT_VERSION}


class SixsRecord(CorrectionRecord):
    """What the embedded engine did to one product."""

    model_config = record_config(
        _FORMER_NAMES
        | {
            "spectral_responses": "spectral responses",
            "water_vapour": "water vapour",
            "adjacency": "light from neighbouring ground",
        }
    )

    tables: str
    """Version of the tables of 6S."""
    spectral_responses: str
    """Satellite whose they are."""
    aerosol: AerosolFound
    water_vapour: WaterVapourFound
    ozone: OzoneFound
    altitude: AltitudeFound
    adjacency: Adjacency | None = None
    """None in products of early versions, which did not know it."""
    classes: dict[str, float]
    """Share of the tile by class of the scene."""


def read_sixs_record(product: Path, *, hint: str) -> SixsRecord | None:
    """What the embedded engine said of a product; None if the product has no report.

    Raises:
        CorrectionError: if the report cannot be read.
    """
    path = product / REPORT_FILE
    return read_record(path, SixsRecord, error=CorrectionError, hint=hint) if path.is_file() else None
