import re
from pathlib import Path

import pytest

from reben.acquire.product_list import read_names, read_products, reben_names, write_products
from reben.acquire.products import CatalogueProduct
from reben.core.errors import CatalogueError
from reben.core.names import ProductName

NAME = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608"
ID = "f602623e-fd82-5a53-ba09-b05ce085e40c"


def test_the_embedded_list_is_the_published_one(shared_data: Path):
    assert reben_names() == read_names(shared_data / "published" / "bigearthnet_s2_tile_ids.csv")
    assert len(reben_names()) == 125
    assert {ProductName.parse(name).tile.level for name in reben_names()} == {"L1C"}


def test_what_is_written_is_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    products = [
        CatalogueProduct(f"{NAME}.SAFE", ID, 9, "0" * 32, "1" * 64, online=False, sensing="2017", cloud_pct=3.25),
        CatalogueProduct(f"{NAME}X.SAFE", ID),
    ]
    write_products(tmp_path / "list.csv", products)
    assert read_products(tmp_path / "list.csv") == products
    write_products(None, products)
    assert capsys.readouterr().out == (tmp_path / "list.csv").read_text()


@pytest.mark.parametrize(
    "text", [f"{NAME}\n", f"\ufeffname\n{NAME}.SAFE\n\n", f"day,Tile\n1,{NAME}\n", f"{NAME}.SAFE,x\r\n"]
)
def test_names_are_found_in_lists_of_many_forms(text: str, tmp_path: Path):
    (tmp_path / "names.csv").write_text(text, newline="")
    assert read_names(tmp_path / "names.csv") == {f"{NAME}.SAFE": ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no product"),
        ("name,id\n", "lists no product"),
        (f"name,id\n{NAME},\n", "line 2: has no id"),
        (f"name,id\n{NAME},7\n", "line 2: .*is not an id"),
        (f"name,id,size\n{NAME},{ID},big\n", "line 2, column size: .*whole number"),
        (f"name,id,cloud\n{NAME},{ID},much\n", "line 2, column cloud: 'much'"),
        (f"name,id\n{NAME},{ID}\n{NAME}.SAFE,{ID}\n", "listed twice"),
        (f"name,id\n../{NAME},{ID}\n", "not a product name"),
    ],
)
def test_lists_that_cannot_be_used(text: str, message: str, tmp_path: Path):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(CatalogueError, match=re.compile(message)):
        read_products(tmp_path / "list.csv")


def test_files_that_are_no_lists(tmp_path: Path):
    with pytest.raises(CatalogueError, match="No such file"):
        read_names(tmp_path / "missing.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_names(tmp_path / "binary.csv")
    (tmp_path / "twice.csv").write_text(f"{NAME}\n{NAME}.SAFE\n")
    with pytest.raises(CatalogueError, match="listed twice"):
        read_names(tmp_path / "twice.csv")
