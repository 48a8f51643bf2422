import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reben.core.errors import ProductError
from reben.io.safe.grd.product import find_grd, open_grd
from stand_ins.grd import Grd

SMALL = Grd(lines=40, pixels=40)


def write(folder: Path, product: Grd = SMALL, **only: str) -> Path:
    return product.write(folder, lambda lines, _: lines, **only)


def test_a_product(tmp_path: Path):
    path = write(tmp_path)
    found = open_grd(path)
    assert found.scene == "S1A_IW_GRDH_1SDV_20170613T165043"
    assert sorted(found.images) == ["VH", "VV"]
    assert found.take == ("S1A", 17_014, "1A2B3")
    for band, image in found.images.items():
        assert image.annotation.polarisation == band
        assert image.file.is_relative_to(path / "measurement")
        assert f"-{band.lower()}-" in image.raster


def test_a_product_in_a_zip_file_is_the_same(tmp_path: Path):
    path = write(tmp_path)
    packed = Path(shutil.make_archive(str(path), "zip", tmp_path, path.name))
    shutil.rmtree(path)
    found = open_grd(packed)
    assert found.images["VH"].annotation.polarisation == "VH"
    assert found.images["VH"].file == packed
    assert found.images["VH"].raster.startswith("/vsizip/")


def test_products_are_found_wherever_they_lie(tmp_path: Path):
    first = write(tmp_path / "a" / "b")
    second = write(tmp_path / "c", replace(SMALL, start=SMALL.start.replace(day=25)))
    (tmp_path / "a" / "text.SAFE").mkdir()
    (tmp_path / ".hidden").mkdir()
    shutil.copytree(second, tmp_path / ".hidden" / second.name)
    assert find_grd(tmp_path) == [first, second]
    assert find_grd(first) == [first]
    assert find_grd(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("S1A_EW_GRDM_1SDH_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE", "is an EW GRD product"),
        ("S1A_IW_SLC__1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE", "is an IW SLC product"),
        ("S1A_IW_GRDH_1SSV_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE", "its polarisation is SV"),
        ("S1A_IW_GRDH_1SDH_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE", "its polarisation is DH"),
        ("product.SAFE", "is not called like a Sentinel-1 product"),
    ],
)
def test_other_products_are_refused(name: str, message: str, tmp_path: Path):
    (tmp_path / name).mkdir()
    with pytest.raises(ProductError, match=message):
        open_grd(tmp_path / name)


def test_missing_parts_are_named(tmp_path: Path):
    with pytest.raises(ProductError, match="lacks annotation and calibration and noise and measurement of VH"):
        open_grd(write(tmp_path / "a", polarisation="VV"))
    path = write(tmp_path / "b")
    for file in path.rglob("noise-*vv*"):
        file.unlink()
    with pytest.raises(ProductError, match="lacks noise of VV"):
        open_grd(path)
    with pytest.raises(ProductError, match="it does not exist"):
        open_grd(path.with_name(path.name.replace("017014", "017015")))


def test_polarisations_of_two_products_are_refused(tmp_path: Path):
    path = write(tmp_path)
    (file,) = path.glob("annotation/*-vh-*.xml")
    file.write_text(file.read_text().replace("<numberOfLines>40", "<numberOfLines>41"))
    with pytest.raises(ProductError, match="VV and VH differ in size or time"):
        open_grd(path)
    file.write_text(file.read_text().replace("<polarisation>VH", "<polarisation>VV"))
    with pytest.raises(ProductError, match="the annotation of VH is of IW GRD VV"):
        open_grd(path)


@pytest.mark.parametrize("content", ["", "<a", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a/>"])
def test_damaged_and_hostile_metadata_are_refused(content: str, tmp_path: Path):
    path = write(tmp_path)
    (file,) = path.glob("annotation/*-vv-*.xml")
    file.write_text(content)
    with pytest.raises(ProductError):
        open_grd(path)
