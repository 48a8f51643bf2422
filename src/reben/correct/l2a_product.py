"""The L2A product that the embedded engine writes: ESA's layout and names, and a report of how it was made.

Its processing baseline is 99.06 (`N9906` in the name), which nobody else uses: ESA's are far lower, and sen2cor in
users' hands writes 99.99. The last part of the name is that of the L1C product, so that a product always gets the same
name.
"""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import tostring

from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M, S2_BANDS
from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.core.names import ProductName
from reben.correct.report import REPORT_FILE, SixsRecord
from reben.correct.sixs.inversion import L2A_SCALE
from reben.io.jp2 import write_tile_band
from reben.io.safe.files import elements, parse_xml
from reben.io.safe.l1c import L1cProduct
from reben.io.safe.xml import ProductFacts, manifest_xml, product_xml, tile_xml
from reben.version import __version__
from reben.work import atomic
from reben.work.checksums import sha3_256

BASELINE = "9906"
_SCL_RESOLUTION_M = 20
_PERCENTAGES = {
    "nodata": "NODATA_PIXEL_PERCENTAGE",
    "saturated": "SATURATED_DEFECTIVE_PIXEL_PERCENTAGE",
    "dark": "DARK_FEATURES_PERCENTAGE",
    "cloud_shadow": "CLOUD_SHADOW_PERCENTAGE",
    "vegetation": "VEGETATION_PERCENTAGE",
    "bare": "NOT_VEGETATED_PERCENTAGE",
    "water": "WATER_PERCENTAGE",
    "cloud_medium": "MEDIUM_PROBA_CLOUDS_PERCENTAGE",
    "cloud_high": "HIGH_PROBA_CLOUDS_PERCENTAGE",
    "cirrus": "THIN_CIRRUS_PERCENTAGE",
    "snow": "SNOW_ICE_PERCENTAGE",
}


def l2a_name(l1c: ProductName) -> ProductName:
    """Name of the product that the embedded engine makes of an L1C product.

    >>> str(l2a_name(ProductName.parse("S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE")))
    'S2A_MSIL2A_20170613T101031_N9906_R022_T33UUP_20170613T101608.SAFE'
    """
    return ProductName(replace(l1c.tile, level="L2A", baseline=BASELINE), l1c.discriminator)


class L2aWriter:
    """Writes one product into a folder that the caller gives its final name."""

    def __init__(self, folder: Path, l1c: L1cProduct, extent: TileExtent, *, threads: int) -> None:
        self._folder = folder
        self._l1c = l1c
        self._extent = extent
        self._threads = threads
        self._name = l2a_name(l1c.name)
        tile = self._name.tile
        self._time = tile.sensing_time.strftime("%Y%m%dT%H%M%S")
        self._granule = PurePosixPath("GRANULE") / f"L2A_T{tile.mgrs}_A000000_{self._time}"
        self._files: dict[str, PurePosixPath] = {}

    def write_band(self, band: str, pixels: NDArray[Any]) -> None:
        """Write a band, or `SCL`, at native resolution."""
        resolution_m = MSI_RESOLUTIONS_M.get(band, _SCL_RESOLUTION_M)
        stem = f"T{self._name.tile.mgrs}_{self._time}_{band}_{resolution_m}m"
        file = self._granule / "IMG_DATA" / f"R{resolution_m}m" / f"{stem}.jp2"
        (self._folder / file.parent).mkdir(parents=True, exist_ok=True)
        write_tile_band(self._folder / file, pixels, self._extent, resolution_m, threads=self._threads)
        self._files[band] = file

    def finish(self, record: SixsRecord) -> None:
        """Write all metadata.

        Args:
            record: how the product was made; what it says of the atmosphere and the classes goes into the metadata.

        Raises:
            ProductError: if a band has not been written.
        """
        missing = [band for band in (*S2_BANDS, "SCL") if band not in self._files]
        if missing:
            raise ProductError(f"{self._name}: {', '.join(missing)} not written")
        facts = ProductFacts(
            name=self._name,
            start_time=self._l1c.start_time,
            files=[self._files[band] for band in sorted(self._files)],
            offset=L2A_SCALE.offset,
            quality=self._l1c.quality,
            origin=f"Made by reben {__version__} from {self._l1c.name} with tables of 6S, not by ESA; see "
            f"{REPORT_FILE}. Quality checks are those of the L1C product.",
        )
        content: dict[str, str | float] = {
            tag: round(100 * record.classes[name], 6) for name, tag in _PERCENTAGES.items()
        }
        content |= {
            "AOT_RETRIEVAL_METHOD": record.aerosol.source,
            "GRANULE_MEAN_AOT": record.aerosol.optical_thickness_550nm,
            "GRANULE_MEAN_WV": record.water_vapour.mean_g_cm2,
            "OZONE_SOURCE": record.ozone.source,
            "OZONE_VALUE": record.ozone.column_du,
        }
        tile = tile_xml("L2A", self._extent, angles=_tile_angles(self._l1c), content=content)
        (self._folder / self._granule / "MTD_TL.xml").write_text(tile, encoding="utf-8")
        (self._folder / "MTD_MSIL2A.xml").write_text(product_xml(facts), encoding="utf-8")
        checksums = {file: sha3_256(self._folder / file) for file in self._files.values()}
        (self._folder / "manifest.safe").write_text(manifest_xml(checksums), encoding="utf-8")
        atomic.write_json(self._folder / REPORT_FILE, record.as_json())


def _tile_angles(l1c: L1cProduct) -> str:
    """The element Tile_Angles of the L1C product, as it is."""
    root = parse_xml(l1c.path, "MTD_TL.xml", l1c.tile_metadata)
    return "\n".join(tostring(element, encoding="unicode").rstrip() for element in elements(root, "Tile_Angles"))
