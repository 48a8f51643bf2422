import os
from pathlib import Path

import pytest

from reben.io.safe.folders import find_products, is_product

NAME = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_20240101T000000"


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def found(root: Path) -> tuple[list[str], dict[str, str]]:
    result = find_products([root])
    return (
        [os.path.relpath(path, root) for path in result.products],
        {os.path.relpath(path, root): reason for path, reason in result.left_out.items()},
    )


@pytest.mark.parametrize(
    ("file", "product"),
    [
        (f"{NAME}.SAFE/MTD_MSIL2A.xml", f"{NAME}.SAFE"),
        (f"{NAME}.safe/", f"{NAME}.safe"),
        (f"{NAME}.zip", f"{NAME}.zip"),
        (f"{NAME}.ZIP", f"{NAME}.ZIP"),
        (f"{NAME}/MTD_MSIL2A.xml", NAME),
        (f"{NAME}/MTD_MSIL1C.xml", NAME),
        ("any name/S2A_USER_MTD_SAFL2A_PDMC_20160101.xml", "any name"),
        (f"title/{NAME}.SAFE/MTD_MSIL2A.xml", f"title/{NAME}.SAFE"),
        (f"2017/06/{NAME}.zip", f"2017/06/{NAME}.zip"),
    ],
)
def test_a_product_however_it_is_called(tmp_path: Path, file: str, product: str):
    make(tmp_path, file)
    assert found(tmp_path) == ([product], {})
    assert is_product(tmp_path / product)
    assert find_products([tmp_path / product]).products == (tmp_path / product,)


def test_what_is_not_taken_is_named(tmp_path: Path):
    make(
        tmp_path, "b.zip", "a.SAFE/", "notes.txt", "a.tar.gz", "empty/", "far/away/from/here/c.zip", "._b.zip",
        "S1A_IW_GRDH_1SDV_20170613T165043.SAFE/", "month/c.zip", "month/list.csv", ".a.SAFE.files.json", ".cache/d.txt",
    )  # fmt: skip
    products, left_out = found(tmp_path)
    assert products == ["a.SAFE", "b.zip", "month/c.zip"]
    assert left_out == {
        "._b.zip": "is a hidden side file",
        "S1A_IW_GRDH_1SDV_20170613T165043.SAFE": "is of another mission",
        "a.tar.gz": "is neither a product's folder nor a zip file",
        "empty": "holds no product",
        "far": "holds no product",
        "month/list.csv": "is neither a product's folder nor a zip file",
        "notes.txt": "is neither a product's folder nor a zip file",
    }


def test_products_are_not_searched_for_products(tmp_path: Path):
    make(tmp_path, f"{NAME}/MTD_MSIL2A.xml", f"{NAME}/GRANULE/other.zip")
    assert found(tmp_path) == ([NAME], {})


def test_links_in_a_circle_end(tmp_path: Path):
    make(tmp_path, "folder/")
    (tmp_path / "folder" / "again").symlink_to(tmp_path)
    assert found(tmp_path) == ([], {"folder": "holds no product"})


def test_a_place_that_is_nothing_holds_nothing(tmp_path: Path):
    assert find_products([tmp_path / "missing"]).products == ()
