"""Write the demo's area as a Sentinel-2 L2A product, with the file tree and metadata elements that real ones have."""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, S2_BANDS
from reben.core.grid import TileGround
from reben.core.names import Product
from reben.demo.area import Area
from reben.io import atomic
from reben.io.jp2 import write_tile_band
from reben.io.safe_xml import ProductFacts, product_xml, tile_xml

BOA_ADD_OFFSET = -1000
"""What readers must add to the digital numbers, as in products since processing baseline 04.00."""

_CHECKS = ("FORMAT_CORRECTNESS", "GENERAL_QUALITY", "GEOMETRIC_QUALITY", "RADIOMETRIC_QUALITY", "SENSOR_QUALITY")


def write_l2a_product(folder: Path, name: Product, ground: TileGround, area: Area) -> Path:
    """Write a product; its path.

    Args:
        folder: in which the product is made.
        name: of the product.
        ground: where it lies.
        area: what is there.

    Raises:
        TargetExistsError: if it is there already.
    """
    tile = name.tile
    time = tile.sensing_time.strftime("%Y%m%dT%H%M%S")
    granule = PurePosixPath("GRANULE") / f"L2A_T{tile.mgrs}_A000000_{time}"
    with atomic.new_directory(folder / str(name)) as product:
        files = []
        for band in S2_BANDS:
            resolution = BANDS[band].resolution_m
            file = granule / "IMG_DATA" / f"R{resolution}m" / f"T{tile.mgrs}_{time}_{band}_{resolution}m.jp2"
            (product / file.parent).mkdir(parents=True, exist_ok=True)
            write_tile_band(product / file, _digital_numbers(area.bands[band]), ground, resolution)
            files.append(file)
        facts = ProductFacts(
            name=name,
            start_time=tile.sensing_time.isoformat(timespec="milliseconds") + "Z",
            files=files,
            offset=BOA_ADD_OFFSET,
            quality=dict.fromkeys(_CHECKS, "PASSED"),
            origin="Synthetic: nothing here was observed.",
        )
        (product / "MTD_MSIL2A.xml").write_text(product_xml(facts), encoding="utf-8")
        content = tile_xml("L2A", ground, angles="", content={})
        (product / granule / "MTD_TL.xml").write_text(content, encoding="utf-8")
    return folder / str(name)


def _digital_numbers(reflectance: NDArray[Any]) -> NDArray[np.uint16]:
    """What the product stores: reflectance without the offset that readers add; 0 stays no data."""
    stored: NDArray[np.uint16] = np.where(reflectance == 0, 0, reflectance + np.uint16(-BOA_ADD_OFFSET))
    return stored
