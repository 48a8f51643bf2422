"""What was made of a pass over a tile: `geocoding.json` beside its rasters."""

from pathlib import Path

from pydantic import BaseModel

from reben.core.errors import GeocodingError
from reben.io.records import read_record, record_config

REPORT_FILE = "geocoding.json"
FORMAT_VERSION = 1


class Parameters(BaseModel):
    """What decides the values: where they agree, the work need not be done again."""

    model_config = record_config({})

    products: list[str]
    """Names of the products that show the tile, in the order of time."""
    orbit_files: list[str | None]
    """Name of the orbit file of each product; null where its own orbit was taken."""
    dem: str
    """Path of the elevation model."""
    above_ellipsoid: bool
    sea_level: bool
    mask_hidden: bool
    incidence: bool


class GeocodingReport(BaseModel):
    """How a scene was made, and how much of the tile has values."""

    model_config = record_config({})

    format_version: int = FORMAT_VERSION
    reben: str
    """Version."""
    scene: str
    tile: str
    parameters: Parameters
    pixels: int
    """Of the tile, 10 m each; as are all counts below."""
    with_value: dict[str, int]
    """By polarisation."""
    without_altitude: int
    hidden: int
    """In layover or shadow; 0 if that was not asked for."""

    def gaps(self) -> str:
        """What is missing, as a sentence for people; empty if nothing is."""
        missing = self.pixels - min(self.with_value.values())
        if not missing:
            return ""
        outside = max(missing - self.without_altitude - self.hidden, 0)
        causes = [
            f"{number / self.pixels:.1%} {cause}"
            for number, cause in (
                (self.without_altitude, "has no altitude"),
                (self.hidden, "lies in layover or shadow"),
                (outside, "is not in the products"),
            )
            if number
        ]
        share = missing / self.pixels
        return f"{self.scene}, {self.tile}: {share:.1%} of the tile has no value ({', '.join(causes)})"


def read_report(folder: Path) -> GeocodingReport:
    """The report in the folder of a scene.

    Raises:
        GeocodingError: if there is none, or it is damaged.
    """
    return read_record(
        folder / REPORT_FILE, GeocodingReport, error=GeocodingError, hint=f"remove {folder}, or choose another --output"
    )
