import json
from datetime import date
from pathlib import Path

import pytest
from httpx2 import Client

from reben.acquire.catalogue import Catalogue
from reben.acquire.query import ProductKind, Query
from reben.acquire.search import search_names
from reben.core.errors import CatalogueError
from reben.net.retries import RetryPolicy
from stand_ins.data_space import NAMES, DataSpaceStandIn


@pytest.fixture
def catalogue(space: DataSpaceStandIn, policy: RetryPolicy):
    with Client() as client:
        yield Catalogue(space.service, client, policy)


def test_all_pages_are_followed_whatever_host_they_name(space: DataSpaceStandIn, catalogue: Catalogue):
    space.page_size = 2
    wanted = [space.add(name) for name in NAMES]
    found = catalogue.products_named(NAMES)
    assert found == {product.name: [product] for product in wanted}
    assert len(space.requests) == 4


def test_many_names_are_asked_for_in_short_addresses(space: DataSpaceStandIn, catalogue: Catalogue):
    names = [name.replace("101608", f"1016{number:02d}") for name in NAMES for number in range(10)]
    for name in names:
        space.add(name, b"PK\x03\x04")
    told = []
    found = catalogue.products_named(names, progress=told.append)
    assert [len(products) for products in found.values()] == [1] * 70
    assert told == [20, 20, 20, 10]
    assert max(map(len, space.requests)) < 4000


def test_every_name_without_a_single_online_product_is_named(space: DataSpaceStandIn, catalogue: Catalogue):
    online, offline, twice, known_twice, half = NAMES[:5]
    space.add(online)
    space.add(offline, Online=False)
    for name in (twice, twice, known_twice):
        space.add(name)
    known = space.add(known_twice)
    space.add(half, Online=False)
    other_half = space.add(half)
    names = dict.fromkeys(NAMES[:6], "") | {known_twice: known.id}
    result = search_names(catalogue, names)
    assert [product.name for product in result.found] == [online, known_twice, half]
    assert result.found[1] == known
    assert result.found[2] == other_half
    assert set(result.problems) == {offline, twice, NAMES[5]}
    assert result.problems[offline].startswith("offline")
    assert "has 2 products" in result.problems[twice]
    assert "has no product" in result.problems[NAMES[5]]


def test_recorded_products_are_found_by_place_time_and_clouds(
    space: DataSpaceStandIn, catalogue: Catalogue, recorded: Path
):
    answer = json.loads((recorded / "provider_responses_cop_dataspace_search.json").read_text())
    space.entries = answer["value"]
    names = [entry["Name"] for entry in answer["value"]]

    def found(**changes: object) -> list[str]:
        return [product.name for product in catalogue.products_of(Query(**{"tile": "54PXA"} | changes))]

    assert found() == found(tile="T54PXA") == names[:1]
    assert found(start=date(2020, 8, 8), end=date(2020, 8, 8)) == names[:1]
    assert found(start=date(2020, 8, 9)) == found(end=date(2020, 8, 7)) == found(kind=ProductKind.l2a) == []
    assert found(cloud_pct=95.13) == []
    assert found(cloud_pct=95.14) == names[:1]
    box = "POLYGON ((142.4 13.5, 142.5 13.5, 142.5 13.6, 142.4 13.6, 142.4 13.5))"
    everywhere = "POLYGON ((140 10, 150 10, 150 20, 140 20, 140 10))"
    assert found(tile="", polygons=(box,)) == names[:1]
    assert found(tile="", polygons=(box, everywhere)) == names  # each once


def test_recorded_sentinel1_pages_are_read(space: DataSpaceStandIn, catalogue: Catalogue, recorded: Path):
    pages = [json.loads((recorded / f"sentinel_1_odata_page_{number}.json").read_text()) for number in range(1, 6)]
    space.entries = [entry for page in pages for entry in page["value"]]
    space.page_size = 10
    assert len(space.entries) == 47
    names = [entry["Name"] for entry in space.entries]
    found = catalogue.products_named(names)
    assert [products[0].size for products in found.values()] == [entry["ContentLength"] for entry in space.entries]
    assert all(len(products[0].md5) == 32 and len(products[0].blake3) == 64 for products in found.values())


def test_an_older_answer_without_sizes_and_checksums_is_read(
    space: DataSpaceStandIn, catalogue: Catalogue, recorded: Path
):
    space.entries = json.loads((recorded / "eodag_eodag_search_result_creodias.json").read_text())["value"]
    name = space.entries[0]["Name"]
    (product,) = catalogue.products_named([name])[name]
    assert (product.size, product.md5, product.blake3) == (None, "", "")
    assert product.sensing.startswith("2014-10-04")


@pytest.mark.parametrize(
    "fault", ["503", "429 7", "html", "500", "json {}", "json [1]", "json [[", "encoding gzip", "encoding deflate"]
)
def test_passing_trouble_is_waited_for(space: DataSpaceStandIn, catalogue: Catalogue, clock, fault: str):
    space.add(NAMES[0])
    space.faults["catalogue"] = [fault] * 3
    assert len(catalogue.products_named(NAMES[:1])[NAMES[0]]) == 1
    assert clock.waits == ([7, 7, 8] if "429" in fault else [2, 4, 8])


def test_lasting_trouble_ends_with_its_reason(space: DataSpaceStandIn, catalogue: Catalogue):
    for faults, message in (
        (["503"] * 6, "status 503, after 6 attempts"),
        (["400"], "answers with status 400"),
        (["429 86400"], "asks to wait for 86,400 s"),
        (['json {"value": [{"Name": "a"}]}'], "'Online' is missing"),
        (['json {"value": [7]}'], "cannot be read"),
    ):
        space.faults["catalogue"] = list(faults)
        with pytest.raises(CatalogueError, match=message):
            catalogue.products_named(NAMES[:1])


def test_pages_that_do_not_end_are_noticed(space: DataSpaceStandIn, catalogue: Catalogue):
    page = json.dumps({"value": [], "@odata.nextLink": "https://example.org/Products?$top=1"})
    space.faults["catalogue"] = [f"json {page}"] * 3
    with pytest.raises(CatalogueError, match="returned the same page twice"):
        catalogue.products_named(NAMES[:1])


def test_a_catalogue_that_is_not_there(catalogue: Catalogue, space: DataSpaceStandIn):
    with pytest.raises(CatalogueError, match="the connection failed"):
        Catalogue(type(space.service)("http://127.0.0.1:9"), catalogue.client, catalogue.policy).products_named(NAMES)


@pytest.mark.parametrize("fault", ["drip headers", "drip body"])
def test_a_byte_now_and_then_is_no_answer(space: DataSpaceStandIn, policy: RetryPolicy, fault: str, monkeypatch):
    monkeypatch.setattr("reben.net.requests._HEADERS_S", 0.3)
    space.add(NAMES[0])
    with Client() as client:
        catalogue = Catalogue(space.service, client, policy, answer_s=0.3)
        space.faults["catalogue"] = [fault]
        assert len(catalogue.products_named(NAMES[:1])[NAMES[0]]) == 1
        space.faults["catalogue"] = [fault] * 6
        with pytest.raises(CatalogueError, match="no answer within"):
            catalogue.products_named(NAMES[:1])


@pytest.mark.parametrize("answer", ["[" * 5_000, '{"value": [' + "9" * 5_000 + "]}", '{"value": NaN}'])
def test_hostile_answers_are_no_lists(space: DataSpaceStandIn, catalogue: Catalogue, answer: str):
    space.faults["catalogue"] = [f"json {answer}"] * 6
    with pytest.raises(CatalogueError, match="list of products"):
        catalogue.products_named(NAMES[:1])


def test_empty_pages_without_end(space: DataSpaceStandIn, catalogue: Catalogue):
    space.faults["catalogue"] = [
        f'json {{"value": [], "@odata.nextLink": "http://x/Products?$skip={number}"}}' for number in range(2_000)
    ]
    with pytest.raises(CatalogueError, match="does not end: 1,000 pages"):
        catalogue.products_named(NAMES[:1])


def test_a_search_of_days_ends_after_an_hour(space: DataSpaceStandIn, policy: RetryPolicy):
    space.page_size = 1
    for name in NAMES:
        space.add(name)
    with Client() as client:
        slow = Catalogue(space.service, client, policy, clock=iter(range(0, 100_000, 700)).__next__)
        with pytest.raises(CatalogueError, match="does not end"):
            slow.products_named(NAMES)
