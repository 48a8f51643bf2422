"""The XML metadata of products that we write ourselves, with the elements that readers of real ones look for.

Source: ESA, Sentinel-2 Products Specification Document; real products of baselines 04.00 and 05.09.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.grid import TileExtent
from reben.core.names import ProductName

_NAMESPACES = {
    "L1C": ("Level-1C", "User_Product_Level-1C", "S2_PDI_Level-1C_Tile_Metadata"),
    "L2A": ("Level-2A", "User_Product_Level-2A", "S2_PDI_Level-2A_Tile_Metadata"),
}
_PRODUCT = """<?xml version="1.0" encoding="UTF-8"?>
<!-- {origin} -->
<n1:{level}_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/{schema}.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>{time}</PRODUCT_START_TIME>
      <PRODUCT_STOP_TIME>{time}</PRODUCT_STOP_TIME>
      <PRODUCT_URI>{uri}</PRODUCT_URI>
      <PROCESSING_LEVEL>{level}</PROCESSING_LEVEL>
      <PRODUCT_TYPE>S2MSI{short}</PRODUCT_TYPE>
      <PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
      <Datatake>
        <SPACECRAFT_NAME>Sentinel-{satellite}</SPACECRAFT_NAME>
      </Datatake>
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
      <Special_Values>
        <SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX>
      </Special_Values>
{scale}
    </Product_Image_Characteristics>
  </n1:General_Info>
  <n1:Quality_Indicators_Info>
    <Quality_Control_Checks>
      <Quality_Inspections>
{checks}
      </Quality_Inspections>
    </Quality_Control_Checks>
  </n1:Quality_Indicators_Info>
</n1:{level}_User_Product>
"""
_TILE = """<?xml version="1.0" encoding="UTF-8"?>
<n1:{level}_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/{schema}.xsd">
  <n1:Geometric_Info>
    <Tile_Geocoding>
      <HORIZONTAL_CS_CODE>{crs}</HORIZONTAL_CS_CODE>
{sizes}
    </Tile_Geocoding>
{angles}
  </n1:Geometric_Info>
  <n1:Quality_Indicators_Info>
    <Image_Content_QI>
{content}
    </Image_Content_QI>
  </n1:Quality_Indicators_Info>
</n1:{level}_Tile_ID>
"""


_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1">
  <dataObjectSection>
{objects}
  </dataObjectSection>
</xfdu:XFDU>
"""


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a product's metadata say."""

    name: ProductName
    start_time: str
    """As in PRODUCT_START_TIME."""
    files: Sequence[PurePosixPath]
    """Images, relative to the product."""
    offset: int
    """To be added to digital numbers of every band."""
    quality: Mapping[str, str]
    """Verdict per quality indicator."""
    origin: str
    """How the product came to be, as a comment."""


def product_xml(facts: ProductFacts) -> str:
    """Content of MTD_MSIL1C.xml or MTD_MSIL2A.xml, by the level of the product's name."""
    tile = facts.name.tile
    level, schema, _ = _NAMESPACES[tile.level]
    return _PRODUCT.format(
        origin=escape(facts.origin).replace("--", "- -"),
        level=level,
        schema=schema,
        short=tile.level.removeprefix("L"),
        time=escape(facts.start_time),
        uri=facts.name,
        baseline=f"{tile.baseline[:2]}.{tile.baseline[2:]}",
        satellite=tile.mission.removeprefix("S"),
        files="\n".join(f"            <IMAGE_FILE>{file.with_suffix('')}</IMAGE_FILE>" for file in facts.files),
        scale="\n".join(_scale(tile.level, facts.offset)),
        checks="\n".join(
            f'        <quality_check checkType="{escape(check)}">{escape(verdict)}</quality_check>'
            for check, verdict in facts.quality.items()
        ),
    )


def tile_xml(level: str, extent: TileExtent, *, angles: str, content: Mapping[str, str | float]) -> str:
    """Content of a granule's MTD_TL.xml.

    Args:
        level: L1C or L2A.
        extent: where the tile lies.
        angles: the element Tile_Angles.
        content: elements of Image_Content_QI.
    """
    name, _, schema = _NAMESPACES[level]
    lines = (f"      <{tag}>{escape(str(value))}</{tag}>" for tag, value in content.items())
    return _TILE.format(
        level=name,
        schema=schema,
        crs=escape(extent.crs),
        sizes="\n".join(_sizes(extent)),
        angles=angles,
        content="\n".join(lines),
    )


def manifest_xml(checksums: Mapping[PurePosixPath, str]) -> str:
    """Content of manifest.safe: all that readers need to compare files with their SHA3-256.

    Args:
        checksums: hexadecimal digits per file, relative to the product.
    """
    return _MANIFEST.format(
        objects="\n".join(
            f'    <dataObject ID="{escape(file.stem)}"><byteStream mimeType="application/octet-stream">'
            f'<fileLocation locatorType="URL" href="./{escape(str(file))}"/>'
            f'<checksum checksumName="SHA3-256">{digits}</checksum></byteStream></dataObject>'
            for file, digits in sorted(checksums.items())
        )
    )


def _scale(level: str, offset: int) -> Iterator[str]:
    if level == "L1C":
        yield '      <QUANTIFICATION_VALUE unit="none">10000</QUANTIFICATION_VALUE>'
        outer, inner = "Radiometric_Offset_List", "RADIO_ADD_OFFSET"
    else:
        yield "      <QUANTIFICATION_VALUES_LIST>"
        yield '        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>'
        yield "      </QUANTIFICATION_VALUES_LIST>"
        outer, inner = "BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET"
    yield f"      <{outer}>"
    for number in range(len(MSI_RESOLUTIONS_M)):
        yield f'        <{inner} band_id="{number}">{offset}</{inner}>'
    yield f"      </{outer}>"


def _sizes(extent: TileExtent) -> Iterator[str]:
    for resolution in (10, 20, 60):
        side = extent.side_m // resolution
        yield f'      <Size resolution="{resolution}"><NROWS>{side}</NROWS><NCOLS>{side}</NCOLS></Size>'
        yield (
            f'      <Geoposition resolution="{resolution}"><ULX>{extent.ulx_m:.0f}</ULX><ULY>{extent.uly_m:.0f}</ULY>'
            f"<XDIM>{resolution}</XDIM><YDIM>-{resolution}</YDIM></Geoposition>"
        )
