import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.acquire.products import (
    CatalogueProduct,
    parse_product,
    read_names,
    read_products,
    reben_names,
    write_products,
)
from reben.core.errors import CatalogueError
from reben.core.names import ProductName

SAFE_NAME = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE"
ID = "f602623e-fd82-5a53-ba09-b05ce085e40c"


def test_a_recorded_product(recorded: Path):
    answer = json.loads((recorded / "provider_responses_cop_dataspace_search.json").read_text())
    product = parse_product(answer["value"][0])
    assert product.id == "05edf2bb-d103-49f1-a677-9e474138d84f"
    assert product.stem == "S2A_MSIL1C_20200808T010311_N0500_R045_T54PXA_20230413T212505"
    assert (product.size, product.online) == (224105657, True)
    assert product.md5 == "923ac4992d90b57d41e7ace4d9d90757"
    assert product.blake3.startswith("2f787caed527ffeb")
    assert product.cloud_pct == pytest.approx(95.136736479015)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../../etc/passwd"}, "not a product name"),
        ({"name": "a/b.SAFE"}, "not a product name"),
        ({"name": "x'; drop"}, "not a product name"),
        ({"name": ".hidden"}, "not a product name"),
        ({"name": "a..b"}, "not a product name"),
        ({"name": "a" * 500}, "not a product name"),
        ({"id": "1)/$value?"}, "is not an id"),
        ({"size": -1}, "size of -1"),
        ({"md5": "0"}, "not a valid MD5"),
        ({"blake3": "../x"}, "not a valid BLAKE3"),
    ],
)
def test_what_must_not_reach_addresses_or_file_names(changes: dict[str, object], message: str):
    with pytest.raises(CatalogueError, match=message):
        CatalogueProduct(**{"name": SAFE_NAME, "id": ID} | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"Online": "yes"}, {"ContentLength": "9"}, {"ContentLength": True}, {"ContentDate": 3}, {"Checksum": [3]},
        {"Checksum": [{"Algorithm": "MD5"}]}, {"Attributes": [{"Name": "cloudCover", "Value": "much"}]},
        {"Attributes": [{"Name": "cloudCover", "Value": 10**400}]},
    ],
)  # fmt: skip
def test_products_of_another_form_are_refused(changes: dict[str, object]):
    with pytest.raises(CatalogueError):
        parse_product({"Name": SAFE_NAME, "Id": ID, "Online": True, "ContentLength": 5} | changes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Start", "Name", "Value"]), inner),
    max_leaves=6,
)
KEYS = ["Name", "Id", "Online", "ContentLength", "Checksum", "ContentDate", "Attributes"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON) | JSON)
def test_anything_is_a_product_or_refused(entry: object):
    given_ = {"Name": SAFE_NAME, "Id": ID, "Online": True} | entry if isinstance(entry, dict) else entry
    try:
        product = parse_product(given_)
    except CatalogueError:
        return
    assert product.name
    assert product.size is None or product.size > 0


NAME = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608"


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
