from pathlib import PurePosixPath

import pytest

from reben.core.grid import TileExtent
from reben.core.names import ProductName
from reben.io.safe.files import elements, parse_xml, text_of
from reben.io.safe.xml import ProductFacts, product_xml, tile_xml


@pytest.mark.parametrize(("level", "tag"), [("L1C", "RADIO_ADD_OFFSET"), ("L2A", "BOA_ADD_OFFSET")])
def test_both_levels(level, tag):
    name = ProductName.parse(f"S2C_MSI{level}_20250601T100000_N9906_R022_T33UUP_20250601T120000.SAFE")
    facts = ProductFacts(
        name, "2025-06-01T10:00:00.000Z", [PurePosixPath("GRANULE/x/T33UUP_B02_10m.jp2")], -1000,
        {"GENERAL_QUALITY": "PASSED"}, "a -- comment with <marks> & more",
    )  # fmt: skip
    root = parse_xml(PurePosixPath("p"), "x", product_xml(facts).encode())
    assert text_of(root, "PRODUCT_URI") == str(name)
    assert text_of(root, "PROCESSING_BASELINE") == "99.06"
    assert text_of(root, "SPACECRAFT_NAME") == "Sentinel-2C"
    assert text_of(root, "IMAGE_FILE") == "GRANULE/x/T33UUP_B02_10m"
    assert [element.text for element in elements(root, tag)] == ["-1000"] * 13


def test_metadata_of_a_tile():
    extent = TileExtent("EPSG:32633", 300_000, 5_400_000, 109_800)
    content = tile_xml("L2A", extent, angles="<Tile_Angles/>", content={"GRANULE_MEAN_AOT": 0.1})
    root = parse_xml(PurePosixPath("p"), "x", content.encode())
    assert [element.text for element in elements(root, "NROWS")] == ["10980", "5490", "1830"]
    assert text_of(root, "GRANULE_MEAN_AOT") == "0.1"
    assert len(list(elements(root, "Tile_Angles"))) == 1
