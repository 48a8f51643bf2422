"""Every way in which a download can go wrong, against the stand-in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reben.acquire.download import Access, download
from reben.acquire.folder import Outcome, State
from reben.acquire.options import DownloadOptions
from reben.acquire.products import CatalogueProduct
from stand_ins.data_space import NAMES, DataSpaceStandIn, running_data_space

NAME = NAMES[0]


@pytest.fixture
def product(space: DataSpaceStandIn) -> CatalogueProduct:
    return space.add(NAME)


@pytest.fixture
def run(options: Callable[..., tuple[DownloadOptions, Access]], tmp_path: Path) -> Callable[..., Outcome]:
    def run(product: CatalogueProduct, **changes: object) -> Outcome:
        return download([product], tmp_path / "out", *options(**changes)).outcomes[product.name]

    return run


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("faults", "retries"),
    [
        ([], 0),
        (["slow 10000"], 0),
        (["cut 300000"], 1),
        (["cut 300000"] * 2 + ["cut 50000"], 3),
        (["cut 0"] * 5, 5),
        (["unsized 300000"], 1),
        (["cut 300000", "range ignored"], 1),
        (["cut 300000", "wrong range"], 2),
        (["cut 300000", "other etag"], 2),
        (["cut 300000", "cut-from-zero 500000"], 2),
        (["503", "500", "502", "504"], 4),
        (["429 3"], 1),
        (["408"], 1),
        (["html"] * 5, 5),
        (["json {}"], 1),
        (["garbage"], 1),
        (["other-bytes"], 1),
        (["cut 300000", "other-bytes"], 2),
    ],
)
def test_passing_trouble_ends_in_a_whole_verified_file(  # noqa: PLR0917 - fixtures
    space: DataSpaceStandIn, product: CatalogueProduct, run, tmp_path: Path, faults: list[str], retries: int
):
    space.faults[product.id] = list(faults)
    outcome = run(product)
    assert (outcome.state, outcome.reason, outcome.retries) == (State.complete, "", retries)
    assert outcome.checked == ("size", "MD5", "BLAKE3")
    assert (tmp_path / "out" / outcome.path).read_bytes() == space.contents[product.id]
    assert names_in(tmp_path / "out") == {f"{product.stem}.zip", "download-report.json"}
    assert space.faults[product.id] == []


@pytest.mark.parametrize(
    "fault",
    [
        "redirect http://127.0.0.1:99999/x", "redirect http://[::1", "redirect //", "redirect javascript:1",
        "redirect \x7f", "redirect http://", "redirect http://127.0.0.1:0/", 'etag "\xe9\xff"', "etag \xa0",
        'etag W/"1"', f'etag "{"x" * 9000}"', "place bytes 300000-", "place bytes \xb2-\xb2/\xb2", "place nothing",
        f"place bytes {'9' * 5000}-{'9' * 5000}/{'9' * 5000}",
    ],
)  # fmt: skip
def test_hostile_headers_are_another_attempt(space: DataSpaceStandIn, product: CatalogueProduct, run, fault: str):
    space.faults[product.id] = ["cut 300000", fault, fault]
    outcome = run(product)
    assert (outcome.state, outcome.reason) == (State.complete, "")
    assert space.faults[product.id] == []


def test_what_has_come_is_not_asked_for_again(space: DataSpaceStandIn, product: CatalogueProduct, run):
    space.faults[product.id] = ["cut 300000", "cut 300000"]
    assert run(product).bytes == len(space.contents[product.id])


def test_a_server_s_wish_to_wait_is_heeded(space: DataSpaceStandIn, product: CatalogueProduct, run, clock):
    space.faults[product.id] = ["429 77", "503 5"]
    run(product)
    assert clock.waits == [77, 5]


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (["403"], "may not download it"),
        (["404"], "no such product any more"),
        (["202"], "status 202"),
        (["503"] * 6, "status 503, after 6 attempts"),
        (["429 7200"], "asks to wait for 7,200 s"),
        (["html"] * 6, "expected a file, got a page (text/html)"),
        (["garbage"] * 6, "is not a zip file"),
        (["longer 5"], "bytes; the catalogue says"),
        (["endless"], "sends more than"),
        (["other-bytes"] * 2, "MD5 checksum"),
        (["cut 0"] * 6, "connection failed"),
        (["cut 0", "unsized 0", "cut 0", "unsized 0", "cut 0", "unsized 0"], "ended after 0 of"),
        (["redirect ftp://example.org/x"] * 6, "a redirect without a usable Location header"),
        (["redirect http://127.0.0.1:9/x"] * 6, "failed"),
    ],
)
def test_lasting_trouble_is_named_and_leaves_no_final_name(  # noqa: PLR0917 - fixtures
    space: DataSpaceStandIn, product: CatalogueProduct, run, tmp_path: Path, faults: list[str], reason: str
):
    space.faults[product.id] = list(faults)
    outcome = run(product)
    assert outcome.state is State.failed
    assert reason in outcome.reason
    assert not [name for name in names_in(tmp_path / "out") if name.endswith((".zip", ".SAFE"))]
    report = json.loads((tmp_path / "out" / "download-report.json").read_text())
    assert report["products"][NAME]["reason"] == outcome.reason
    assert run(product).state is State.complete  # the next start goes on


def test_wrong_facts_of_the_catalogue_are_told(space: DataSpaceStandIn, run, tmp_path: Path):
    right = space.add(NAMES[1])
    for changes, reason in (
        ({"ContentLength": (right.size or 0) + 1}, "the catalogue says"),
        ({"Checksum": [{"Algorithm": "MD5", "Value": "0" * 32}]}, "MD5"),
        (
            {"Checksum": [{"Algorithm": "MD5", "Value": right.md5}, {"Algorithm": "BLAKE3", "Value": "0" * 64}]},
            "BLAKE3",
        ),
    ):
        product = space.add(NAMES[1], space.contents[right.id], **changes)
        outcome = run(product)
        assert outcome.state is State.failed
        assert reason in outcome.reason
        assert names_in(tmp_path / "out") == {"download-report.json"} | {
            name for name in names_in(tmp_path / "out") if ".part" in name
        }


def test_without_size_and_checksums_the_zip_file_itself_is_read(space: DataSpaceStandIn, run):
    known_by_nobody = {"ContentLength": 0, "Checksum": []}
    product = space.add(NAMES[1], **known_by_nobody)
    space.faults[product.id] = ["cut 300000"]
    assert run(product).checked == ("CRC-32 of all members",)
    damaged = space.add(NAMES[2], **known_by_nobody)
    space.faults[damaged.id] = ["other-bytes"] * 2
    assert "damaged zip file" in run(damaged).reason


def test_a_part_that_was_whole_is_only_verified(
    space: DataSpaceStandIn, product: CatalogueProduct, run, tmp_path: Path
):
    folder, stem = tmp_path / "out", product.stem
    folder.mkdir()
    (folder / f".{stem}.zip.part").write_bytes(space.contents[product.id])
    note = {"id": product.id, "size": product.size, "etag": ""}
    (folder / f".{stem}.zip.part.json").write_text(json.dumps(note))
    outcome = run(product)
    assert (outcome.state, outcome.bytes, space.requests) == (State.complete, 0, [])

    vague = space.add(NAMES[1], ContentLength=0, Checksum=[])
    (folder / f".{vague.stem}.zip.part").write_bytes(space.contents[vague.id])
    (folder / f".{vague.stem}.zip.part.json").write_text(json.dumps({"id": vague.id, "size": None, "etag": ""}))
    outcome = run(vague)  # status 416: there is no more
    assert (outcome.state, outcome.bytes) == (State.complete, 0)


@pytest.mark.parametrize("note", [None, "", "[]", '{"id": 1}', '{"id": "another", "size": 5, "etag": ""}'])
def test_a_part_of_something_else_is_not_gone_on_with(
    space: DataSpaceStandIn, product: CatalogueProduct, run, tmp_path: Path, note: str | None
):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f".{product.stem}.zip.part").write_bytes(b"PK\x03\x04" + bytes(1000))
    if note is not None:
        (folder / f".{product.stem}.zip.part.json").write_text(note)
    outcome = run(product)
    assert (outcome.state, outcome.bytes) == (State.complete, len(space.contents[product.id]))


def test_a_part_that_is_too_long_is_started_again(product: CatalogueProduct, run, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f".{product.stem}.zip.part").write_bytes(bytes((product.size or 0) + 1))
    note = {"id": product.id, "size": product.size, "etag": ""}
    (folder / f".{product.stem}.zip.part.json").write_text(json.dumps(note))
    assert run(product).bytes == product.size


def test_redirects_keep_the_token_on_the_service(space: DataSpaceStandIn, product: CatalogueProduct, run):
    with running_data_space() as elsewhere:
        elsewhere.contents = space.contents
        address = f"/Products({product.id})/$value"
        space.faults[product.id] = [f"redirect {elsewhere.url}/elsewhere{address}"]
        assert run(product).state is State.complete
        assert elsewhere.requests == [f"/elsewhere{address}"]
        assert elsewhere.authorizations == [""]
        assert space.authorizations[-1].startswith("Bearer access-")


def test_a_redirect_within_the_service_keeps_the_token(space: DataSpaceStandIn, product: CatalogueProduct, run):
    space.faults[product.id] = [f"redirect {space.service.value(product.id)}?again"]
    assert run(product).state is State.complete
    assert len(set(space.authorizations)) == 1


def test_redirects_that_go_round_in_circles(space: DataSpaceStandIn, product: CatalogueProduct, run):
    space.faults[product.id] = [f"redirect {space.service.value(product.id)}"] * 36
    assert "more than 5 redirects" in run(product).reason


def test_tokens_that_end_are_replaced_in_time(space: DataSpaceStandIn, run, clock):
    space.token_life_s = 5
    for name in NAMES[:4]:
        product = space.add(name)
        clock.now_s += 3
        assert run(product).state is State.complete
    assert "401" not in str(space.requests)


def test_a_token_that_is_refused_before_its_end_is_replaced_once(
    space: DataSpaceStandIn, product: CatalogueProduct, run
):
    space.faults[product.id] = ["401"]
    assert run(product).state is State.complete
    assert len(space.grants) == 2
    second = space.add(NAMES[1])
    space.faults[second.id] = ["401"] * 2
    outcome = run(second)
    assert "refuses the token" in outcome.reason
    assert len(space.requests) < 12


def test_a_server_that_sends_next_to_nothing_is_left(
    space: DataSpaceStandIn, product: CatalogueProduct, run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.net.pace.WINDOW_S", 0.2)
    space.faults[product.id] = ["drip body"]
    outcome = run(product)
    assert outcome.state is State.complete
    assert outcome.retries == 2  # what had come was not the file's beginning


@pytest.mark.parametrize("fault", ["drip headers", "encoding gzip"])
def test_headers_that_do_not_end_and_encodings_that_nobody_asked_for(
    space: DataSpaceStandIn, product: CatalogueProduct, run, fault: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.net.requests._HEADERS_S", 0.3)
    space.faults[product.id] = [fault]
    assert run(product).state is State.complete
