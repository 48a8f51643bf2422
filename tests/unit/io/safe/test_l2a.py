import shutil
import zipfile
from pathlib import Path

import pytest
import rasterio

from reben.core.bands import S2_BANDS
from reben.core.errors import ProductError
from reben.io.safe.l2a import open_product

NAME = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_20240101T000000.SAFE"


def metadata(images: str = "", extra: str = "", uri: str = NAME) -> str:
    return (
        '<n1:Level-2A_User_Product xmlns:n1="https://example.com"><n1:General_Info><Product_Info>'
        f"<PRODUCT_URI>{uri}</PRODUCT_URI><PROCESSING_BASELINE>99.99</PROCESSING_BASELINE>{images}"
        f"</Product_Info></n1:General_Info>{extra}</n1:Level-2A_User_Product>"
    )


def make_product(folder: Path, xml: str, *files: str) -> Path:
    product = folder / "renamed.SAFE"
    product.mkdir()
    (product / "MTD_MSIL2A.xml").write_text(xml)
    for file in files:
        path = product / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return product


def image(band: str, resolution: int, tag: str = "IMAGE_FILE") -> tuple[str, str]:
    path = f"GRANULE/L2A_T33UUP/IMG_DATA/R{resolution}m/T33UUP_20170613T101031_{band}_{resolution}m"
    return f"<{tag}>{path}</{tag}>", f"{path}.jp2"


def test_a_real_product_with_its_60_m_bands_only(shared_data: Path):
    (path,) = (shared_data / "s2_l2a" / "T29UNU_N0400_R60m").glob("*.SAFE")
    product = open_product(path)
    assert str(product.name) == path.name
    assert product.baseline == "04.00"
    assert set(product.images) == {"B01", "B09"}
    assert set(product.offsets.items()) == {(band, -1000) for band in S2_BANDS}
    with rasterio.open(product.images["B01"]) as source:
        assert source.shape == (1830, 1830)


def test_metadata_of_all_real_l2a_products_are_read(shared_data: Path):
    baselines = set()
    for file in (shared_data / "s2_metadata").rglob("MTD_MSIL2A.xml"):
        product = open_product(file.parent)
        baselines.add(product.baseline)
        assert len([indicator for indicator in product.quality if indicator.endswith("_QUALITY")]) >= 4
        assert set(product.offsets.values()) == ({-1000} if product.baseline >= "04.00" else {0})
    assert {"02.05", "02.08", "02.12", "02.14", "04.00", "05.09"} <= baselines


def test_level_1_products_are_refused(shared_data: Path):
    path = next((shared_data / "s2_metadata").rglob("MTD_MSIL1C.xml")).parent
    with pytest.raises(ProductError, match=r"no MTD_MSIL2A\.xml found"):
        open_product(path)


def test_bands_are_found_at_their_native_resolution_by_the_products_own_list(tmp_path: Path):
    wanted, other = image("B02", 10), image("B02", 20)
    unlisted, unknown = image("B03", 10), image("B10", 60)
    xml = metadata(wanted[0] + other[0] + unknown[0])
    product = open_product(make_product(tmp_path, xml, wanted[1], other[1], unlisted[1], unknown[1]))
    assert product.images == {"B02": str(tmp_path / "renamed.SAFE" / wanted[1])}
    assert str(product.name) == NAME


def test_listed_files_that_are_not_there_count_as_missing(tmp_path: Path):
    assert not open_product(make_product(tmp_path, metadata(image("B02", 10)[0]))).images


@pytest.mark.parametrize("tag", ["IMAGE_ID", "IMAGE_ID_2A", "IMAGE_FILE_2A"])
def test_old_lists_without_folders(tmp_path: Path, tag: str):
    name = "S2A_USER_MSI_L2A_TL_T33UUP_B05_20m"
    file = f"GRANULE/S2A_USER_MSI_L2A_TL_T33UUP_N02.04/IMG_DATA/R20m/{name}.jp2"
    product = open_product(make_product(tmp_path, metadata(f"<{tag}>{name}</{tag}>"), file))
    assert product.images == {"B05": str(tmp_path / "renamed.SAFE" / file)}


def test_old_quality_flags_and_new_checks(tmp_path: Path):
    extra = (
        "<GEOMETRIC_QUALITY_FLAG>FAILED</GEOMETRIC_QUALITY_FLAG><FORMAT_CORRECTNESS_FLAG>PASSED</FORMAT_CORRECTNESS_FLAG>"
        '<quality_check checkType="SENSOR_QUALITY">PASSED</quality_check>'
    )
    assert open_product(make_product(tmp_path, metadata(extra=extra))).quality == {
        "GEOMETRIC_QUALITY": "FAILED",
        "FORMAT_CORRECTNESS": "PASSED",
        "SENSOR_QUALITY": "PASSED",
    }


def test_zip_files_are_read_without_unpacking(shared_data: Path, tmp_path: Path):
    (path,) = (shared_data / "s2_l2a" / "T29UNU_N0400_R60m").glob("*.SAFE")
    packed = shutil.make_archive(str(tmp_path / "product"), "zip", path.parent, path.name)
    product, unpacked = open_product(Path(packed)), open_product(path)
    assert (product.name, product.quality, product.offsets) == (unpacked.name, unpacked.quality, unpacked.offsets)
    for band in ("B01", "B09"):
        with rasterio.open(product.images[band]) as one, rasterio.open(unpacked.images[band]) as other:
            assert (one.read(1) == other.read(1)).all()


@pytest.mark.parametrize(
    "xml",
    [
        "no XML",
        "<a>",
        '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ],
)
def test_damaged_and_hostile_xml(tmp_path: Path, xml: str):
    with pytest.raises(ProductError, match=r"MTD_MSIL2A\.xml is not valid XML"):
        open_product(make_product(tmp_path, xml))


def test_no_file_outside_of_the_product_is_opened(tmp_path: Path):
    (tmp_path / "T33UUP_20170613T101031_B02_10m.jp2").write_bytes(b"secret")
    xml = metadata("<IMAGE_FILE>../T33UUP_20170613T101031_B02_10m</IMAGE_FILE>")
    assert not open_product(make_product(tmp_path, xml)).images


@pytest.mark.parametrize("uri", ["", "S2A_OPER_PRD_MSIL2A_PDMC_20160905T104813"])
def test_products_without_a_usable_name(tmp_path: Path, uri: str):
    with pytest.raises(ProductError, match=f"name the product '{uri}'"):
        open_product(make_product(tmp_path, metadata(uri=uri)))


def test_what_is_no_product(tmp_path: Path):
    with pytest.raises(ProductError, match=r"neither a \.SAFE directory nor a zip file"):
        open_product(tmp_path / "nowhere")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(ProductError, match=r"no MTD_MSIL2A\.xml found") as caught:
        open_product(tmp_path / "a.zip")
    assert "L2A" in caught.value.hint
