"""Write the demo's area as a Sentinel-2 L2A product, with the file tree and metadata elements that real ones have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from reben.core.bands import BANDS, S2_BANDS
from reben.core.grid import TileGround
from reben.core.names import Product
from reben.demo.area import Area
from reben.io import atomic

BOA_ADD_OFFSET = -1000
"""What readers must add to the digital numbers, as in products since processing baseline 04.00."""

_BAND_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
_CHECKS = ("FORMAT_CORRECTNESS", "GENERAL_QUALITY", "GEOMETRIC_QUALITY", "RADIOMETRIC_QUALITY", "SENSOR_QUALITY")
_PRODUCT_XML = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>{time}</PRODUCT_START_TIME>
      <PRODUCT_STOP_TIME>{time}</PRODUCT_STOP_TIME>
      <PRODUCT_URI>{uri}</PRODUCT_URI>
      <PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>
      <PRODUCT_TYPE>S2MSI2A</PRODUCT_TYPE>
      <PROCESSING_BASELINE>00.00</PROCESSING_BASELINE>
      <Product_Organisation>
        <Granule_List>
          <Granule imageFormat="JPEG2000">
{files}
          </Granule>
        </Granule_List>
      </Product_Organisation>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values>
        <SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX>
      </Special_Values>
      <QUANTIFICATION_VALUES_LIST>
        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
      </QUANTIFICATION_VALUES_LIST>
      <BOA_ADD_OFFSET_VALUES_LIST>
{offsets}
      </BOA_ADD_OFFSET_VALUES_LIST>
    </Product_Image_Characteristics>
  </n1:General_Info>
  <n1:Quality_Indicators_Info>
    <Quality_Control_Checks>
      <Quality_Inspections>
{checks}
      </Quality_Inspections>
    </Quality_Control_Checks>
  </n1:Quality_Indicators_Info>
</n1:Level-2A_User_Product>
"""
_TILE_XML = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-2A_Tile_Metadata.xsd">
  <n1:Geometric_Info>
    <Tile_Geocoding>
      <HORIZONTAL_CS_CODE>{crs}</HORIZONTAL_CS_CODE>
{sizes}
    </Tile_Geocoding>
  </n1:Geometric_Info>
</n1:Level-2A_Tile_ID>
"""


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
    granule = Path("GRANULE") / f"L2A_T{tile.mgrs}_A000000_{time}"
    with atomic.new_directory(folder / str(name)) as product:
        files = []
        for band in S2_BANDS:
            resolution = BANDS[band].resolution_m
            file = granule / "IMG_DATA" / f"R{resolution}m" / f"T{tile.mgrs}_{time}_{band}_{resolution}m"
            (product / file.parent).mkdir(parents=True, exist_ok=True)
            _write_jp2(product / f"{file}.jp2", _digital_numbers(area.bands[band]), ground, resolution)
            files.append(f"            <IMAGE_FILE>{file.as_posix()}</IMAGE_FILE>")
        content = _PRODUCT_XML.format(
            time=tile.sensing_time.isoformat(timespec="milliseconds") + "Z",
            uri=name,
            files="\n".join(files),
            offsets="\n".join(_offset_elements()),
            checks="\n".join(f'        <quality_check checkType="{check}">PASSED</quality_check>' for check in _CHECKS),
        )
        (product / "MTD_MSIL2A.xml").write_text(content, encoding="utf-8")
        sizes = "\n".join(_size_elements(ground))
        (product / granule / "MTD_TL.xml").write_text(_TILE_XML.format(crs=ground.crs, sizes=sizes), encoding="utf-8")
    return folder / str(name)


def _digital_numbers(reflectance: NDArray[Any]) -> NDArray[np.uint16]:
    """What the product stores: reflectance without the offset that readers add; 0 stays no data."""
    stored: NDArray[np.uint16] = np.where(reflectance == 0, 0, reflectance + np.uint16(-BOA_ADD_OFFSET))
    return stored


def _write_jp2(path: Path, pixels: NDArray[np.uint16], ground: TileGround, resolution_m: int) -> None:
    """Write a lossless JPEG 2000."""
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        width=pixels.shape[1],
        height=pixels.shape[0],
        count=1,
        dtype="uint16",
        crs=ground.crs,
        transform=from_origin(ground.ulx_m, ground.uly_m, resolution_m, resolution_m),
        QUALITY=100,
        REVERSIBLE="YES",
    ) as target:
        target.write(pixels, 1)


def _offset_elements() -> Iterator[str]:
    for number in range(len(_BAND_IDS)):
        yield f'        <BOA_ADD_OFFSET band_id="{number}">{BOA_ADD_OFFSET}</BOA_ADD_OFFSET>'


def _size_elements(ground: TileGround) -> Iterator[str]:
    for resolution in (10, 20, 60):
        side = ground.side_m // resolution
        yield f'      <Size resolution="{resolution}"><NROWS>{side}</NROWS><NCOLS>{side}</NCOLS></Size>'
        yield (
            f'      <Geoposition resolution="{resolution}"><ULX>{ground.ulx_m:.0f}</ULX><ULY>{ground.uly_m:.0f}</ULY>'
            f"<XDIM>{resolution}</XDIM><YDIM>-{resolution}</YDIM></Geoposition>"
        )
