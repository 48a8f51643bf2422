import shutil
from pathlib import Path

import pytest

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import ProductError
from reben.io.safe.l1c import open_l1c

NAME = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE"


def make_product(folder: Path, *, extra: str = "", quantification: str = "10000", without: str = "") -> Path:
    product = folder / NAME
    images = product / "GRANULE" / "L1C_T33UUP" / "IMG_DATA"
    images.mkdir(parents=True)
    listed = ""
    for band in MSI_RESOLUTIONS_M:
        stem = f"T33UUP_20170613T101031_{band}"
        listed += f"<IMAGE_FILE>GRANULE/L1C_T33UUP/IMG_DATA/{stem}</IMAGE_FILE>"
        if band != without:
            (images / f"{stem}.jp2").touch()
    (product / "MTD_MSIL1C.xml").write_text(
        f"<a><PRODUCT_URI>{NAME}</PRODUCT_URI><PROCESSING_BASELINE>02.05</PROCESSING_BASELINE>{listed}"
        f"<QUANTIFICATION_VALUE>{quantification}</QUANTIFICATION_VALUE>{extra}"
        '<quality_check checkType="GENERAL_QUALITY">PASSED</quality_check></a>'
    )
    (images.parent / "MTD_TL.xml").write_text("<a/>")
    return product


def test_what_the_metadata_say(tmp_path: Path):
    path = make_product(tmp_path, extra='<RADIO_ADD_OFFSET band_id="10">-1000</RADIO_ADD_OFFSET>')
    (path / "GRANULE" / "L1C_T33UUP" / "AUX_DATA").mkdir()
    (path / "GRANULE" / "L1C_T33UUP" / "AUX_DATA" / "AUX_ECMWFT").touch()
    product = open_l1c(path)
    assert str(product.name) == NAME
    assert product.quantification == 10_000
    assert product.offsets["B10"] == -1_000
    assert product.offsets["B11"] == 0
    assert list(product.images) == list(MSI_RESOLUTIONS_M)
    assert product.images["B8A"].endswith("_B8A.jp2")
    assert product.quality == {"GENERAL_QUALITY": "PASSED"}
    assert list(product.auxiliary) == ["AUX_ECMWFT"]


def test_a_zip_file(tmp_path: Path):
    archive = shutil.make_archive(str(tmp_path / "product"), "zip", tmp_path, make_product(tmp_path).name)
    assert open_l1c(Path(archive)).images["B02"].startswith("/vsizip/")


def test_what_is_missing(tmp_path: Path):
    with pytest.raises(ProductError, match="lacks B05"):
        open_l1c(make_product(tmp_path, without="B05"))
    (tile,) = tmp_path.rglob("MTD_TL.xml")
    tile.unlink()
    with pytest.raises(ProductError, match=r"has no GRANULE/\*/MTD_TL.xml"):
        open_l1c(tmp_path / NAME)
    (tmp_path / NAME / "MTD_MSIL1C.xml").unlink()
    with pytest.raises(ProductError, match=r"no MTD_MSIL1C.xml found"):
        open_l1c(tmp_path / NAME)


@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "inf", "ten", "1e-300", "999", "1e9"])
def test_a_quantification_value_that_is_none(tmp_path: Path, value):
    with pytest.raises(ProductError, match=r"QUANTIFICATION_VALUE is .*; expected a number from 1,000 to 100,000"):
        open_l1c(make_product(tmp_path, quantification=value))


def test_an_offset_that_is_no_number(tmp_path: Path):
    with pytest.raises(ProductError, match="RADIO_ADD_OFFSET of B01 is 'x'"):
        open_l1c(make_product(tmp_path, extra='<RADIO_ADD_OFFSET band_id="0">x</RADIO_ADD_OFFSET>'))


@pytest.mark.parametrize("offset", ["1e9", "-10001", "nan", "inf", "-1000.5", "", "1" * 5_000])
def test_an_offset_that_cannot_be(tmp_path: Path, offset: str):
    with pytest.raises(ProductError, match="expected a whole number of 10,000 at most") as caught:
        open_l1c(make_product(tmp_path, extra=f'<RADIO_ADD_OFFSET band_id="0">{offset}</RADIO_ADD_OFFSET>'))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("number", ["13", "-1", "", "1.0", "x", "\u0661", "9" * 5_000])
def test_an_offset_of_a_band_that_does_not_exist(tmp_path: Path, number: str):
    with pytest.raises(ProductError, match=r"RADIO_ADD_OFFSET has the band_id .* expected 0 to 12") as caught:
        open_l1c(make_product(tmp_path, extra=f'<RADIO_ADD_OFFSET band_id="{number}">-1000</RADIO_ADD_OFFSET>'))
    assert len(str(caught.value)) < 500


def test_two_offsets_of_one_band(tmp_path: Path):
    offsets = (f'<RADIO_ADD_OFFSET band_id="0">{offset}</RADIO_ADD_OFFSET>' for offset in (-1000, 0))
    with pytest.raises(ProductError, match="has two values of RADIO_ADD_OFFSET for B01"):
        open_l1c(make_product(tmp_path, extra="".join(offsets)))


def test_an_l2a_product(tmp_path: Path):
    (tmp_path / "MTD_MSIL2A.xml").touch()
    with pytest.raises(ProductError, match="is an L2A product already"):
        open_l1c(tmp_path)


def test_l1c_metadata_that_name_an_l2a_product(tmp_path: Path):
    path = make_product(tmp_path)
    metadata = path / "MTD_MSIL1C.xml"
    metadata.write_text(metadata.read_text().replace(NAME, NAME.replace("L1C", "L2A")))
    with pytest.raises(ProductError, match="which is not at level L1C"):
        open_l1c(path)


def test_real_metadata_without_images(shared_data: Path):
    found = [path.parent for path in (shared_data / "s2_metadata").rglob("MTD_MSIL1C.xml")]
    assert found
    for path in found:
        with pytest.raises(ProductError, match=r"lacks B01, B02|the metadata name the product"):
            open_l1c(path)
