import json
import os
import shutil
import signal
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from reben.acquire.access import MOST_CONNECTIONS, Credentials
from reben.acquire.download import Access, download
from reben.acquire.folder import State
from reben.acquire.options import DownloadOptions
from reben.core.errors import CredentialsError, DownloadError, TargetExistsError
from reben.net.retries import RetryPolicy
from reben.work import atomic
from stand_ins.data_space import NAMES, USERNAME, DataSpaceStandIn, zip_of

Options = Callable[..., tuple[DownloadOptions, Access]]


def states(report) -> dict[str, str]:
    return {name: outcome.state.value for name, outcome in report.outcomes.items()}


def test_several_products_at_a_time_but_never_more_than_allowed(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    products = [space.add(name) for name in NAMES]
    for product in products[:4]:
        space.faults[product.id] = ["meet 4"]
    totals, advances = [], []

    def start(total: int):
        totals.append(total)
        return advances.append

    report = download(products, tmp_path, *options(parallel=4), start=start)
    assert set(states(report).values()) == {"complete"}
    assert space.most_at_once == MOST_CONNECTIONS
    assert totals == [sum(product.size or 0 for product in products)] == [sum(advances)]
    for product in products:
        assert (tmp_path / f"{product.stem}.zip").read_bytes() == space.contents[product.id]


@pytest.mark.parametrize("parallel", [0, 5, 100, -1])
def test_more_connections_than_the_service_allows_are_refused(options: Options, parallel: int):
    with pytest.raises(ValidationError, match=r"than or equal to [14]"):
        options(parallel=parallel)


def test_one_failure_does_not_keep_the_others_from_their_end(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    products = [space.add(name) for name in NAMES[:3]]
    offline = space.add(NAMES[3], Online=False)
    space.faults[products[1].id] = ["403"]
    report = download([*products, offline], tmp_path, *options(parallel=2))
    assert list(states(report).values()).count("complete") == 2
    assert "may not download" in report.outcomes[NAMES[1]].reason
    assert "offline" in report.outcomes[NAMES[3]].reason


def test_a_second_start_does_nothing_and_asks_nobody(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    products = [space.add(name) for name in NAMES[:2]]
    download(products, tmp_path, *options())
    asked = len(space.requests)
    inodes = {path: path.stat().st_ino for path in tmp_path.glob("*.zip")}

    def nobody() -> Credentials:
        raise CredentialsError("nobody should ask")

    advances = []
    report = download(products, tmp_path, *options(credentials=nobody), start=lambda _: advances.append)
    assert states(report) == dict.fromkeys(NAMES[:2], "present")
    assert len(space.requests) == asked
    assert {path: path.stat().st_ino for path in tmp_path.glob("*.zip")} == inodes
    assert sum(advances) == sum(product.size or 0 for product in products)


def test_a_list_without_sizes_is_completed_from_the_catalogue_once(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    full = space.add(NAMES[0])
    vague = type(full)(full.name, full.id)
    report = download([vague], tmp_path, *options())
    assert report.outcomes[full.name].checked == ("size", "MD5", "BLAKE3")
    asked = len(space.requests)
    download([vague], tmp_path, *options())
    assert len(space.requests) == asked
    (tmp_path / f"{full.stem}.zip").write_bytes(b"PK\x03\x04 cut short")
    report = download([vague], tmp_path, *options())
    assert states(report) == {full.name: "complete"}
    assert (tmp_path / f"{full.stem}.zip").read_bytes() == space.contents[full.id]


def test_what_was_offline_when_it_was_found_may_be_online_now(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    products = [space.add(name, Online=False) for name in NAMES[:2]]
    space.entries[0]["Online"] = True
    report = download(products, tmp_path, *options())
    assert states(report) == {NAMES[0]: "complete", NAMES[1]: "failed"}


def test_verify_finds_what_the_cheap_check_does_not(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    product = space.add(NAMES[0])
    download([product], tmp_path, *options())
    path = tmp_path / f"{product.stem}.zip"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert states(download([product], tmp_path, *options())) == {product.name: "present"}
    report = download([product], tmp_path, *options(verify=True))
    assert states(report) == {product.name: "complete"}
    assert path.read_bytes() == space.contents[product.id]
    report = download([product], tmp_path, *options(verify=True))
    assert report.outcomes[product.name].checked == ("size", "MD5", "BLAKE3")
    assert states(report) == {product.name: "present"}


def test_unpacked_products_have_the_folders_that_sen2cor_needs(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    product = space.add(NAMES[0])
    report = download([product], tmp_path, *options(unpack=True))
    folder = tmp_path / product.name
    assert report.outcomes[product.name].path == product.name
    assert (folder / "DATASTRIP/DS_1/QI_DATA").is_dir()
    assert (folder / "GRANULE/L1C_T33UUP/AUX_DATA").is_dir()
    assert not list(tmp_path.glob("*.zip"))
    assert states(download([product], tmp_path, *options(unpack=True))) == {product.name: "present"}
    assert states(download([product], tmp_path, *options())) == {product.name: "present"}

    band = folder / "GRANULE/L1C_T33UUP/IMG_DATA/B02.jp2"
    good = band.read_bytes()
    for damage in (lambda: band.write_bytes(b"\0" + good[1:]), band.unlink, lambda: band.write_bytes(good[:-1])):
        damage()
        assert states(download([product], tmp_path, *options(unpack=True))) == {product.name: "present"}
        report = download([product], tmp_path, *options(unpack=True, verify=True))
        assert states(report) == {product.name: "complete"}
        assert band.read_bytes() == good
    report = download([product], tmp_path, *options(unpack=True, verify=True))
    assert report.outcomes[product.name].checked == ("size and CRC-32 of all files",)


def test_a_zip_file_that_is_there_is_unpacked_without_another_download(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    product = space.add(NAMES[0])
    download([product], tmp_path, *options())
    asked = len(space.requests)
    assert states(download([product], tmp_path, *options(unpack=True))) == {product.name: "complete"}
    assert len(space.requests) == asked
    assert (tmp_path / product.name / "MTD_MSIL1C.xml").is_file()


def test_a_folder_of_unknown_origin_is_not_called_verified(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    product = space.add(NAMES[0])
    (tmp_path / product.name).mkdir()
    report = download([product], tmp_path, *options(verify=True))
    assert "no list of its files" in report.outcomes[product.name].reason
    assert (tmp_path / product.name).is_dir()


def test_an_archive_that_cannot_be_unpacked_is_a_failure(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    product = space.add(NAMES[0], zip_of("Another.SAFE"))
    report = download([product], tmp_path, *options(unpack=True))
    assert "lies outside the folder" in report.outcomes[product.name].reason
    assert not (tmp_path / product.name).exists()


def test_room_is_looked_at_before_the_first_byte(
    space: DataSpaceStandIn, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    product = space.add(NAMES[0])
    usage = namedtuple("usage", "free")  # noqa: PYI024 - as shutil's
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage((256 << 20) + (product.size or 0) - 1))
    with pytest.raises(DownloadError, match=r"0\.3 GB free; 1 products need 0\.0 GB"):
        download([product], tmp_path, *options())
    assert space.requests == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage((256 << 20) + (product.size or 0)))
    with pytest.raises(DownloadError):
        download([product], tmp_path, *options(unpack=True))
    download([product], tmp_path, *options())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0))
    assert states(download([product], tmp_path, *options())) == {product.name: "present"}


def test_a_full_disk_ends_all_and_is_named(
    space: DataSpaceStandIn, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    products = [space.add(name) for name in NAMES[:3]]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reben.acquire.transfer._write", full)
    report = download(products, tmp_path, *options())
    assert report.outcomes[NAMES[0]].reason == "cannot be written: No space left on device"
    assert sorted(states(report).values()) == ["failed", "stopped", "stopped"]


def test_missing_credentials_fail_every_product_with_one_question(
    space: DataSpaceStandIn, options: Options, tmp_path: Path
):
    products = [space.add(name) for name in NAMES[:3]]
    asked = []

    def none() -> Credentials:
        asked.append(1)
        raise CredentialsError("there are no credentials", hint="set them")

    report = download(products, tmp_path, *options(credentials=none, parallel=3))
    assert set(states(report).values()) == {"failed"}
    assert report.outcomes[NAMES[0]].reason == "there are no credentials (set them)"
    assert asked == [1]
    assert space.requests == []


def test_a_wrong_password_is_sent_once(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    products = [space.add(name) for name in NAMES]
    report = download(products, tmp_path, *options(credentials=lambda: Credentials(USERNAME, "wrong"), parallel=4))
    assert set(states(report).values()) == {"failed"}
    assert space.requests == ["/token"]


def test_two_processes_do_not_fill_one_folder(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    product = space.add(NAMES[0])
    with atomic.locked(tmp_path / "download"), pytest.raises(TargetExistsError):
        download([product], tmp_path, *options())


@pytest.mark.parametrize("fault", ["hang", "silent", "503 600"])
def test_ctrl_c_ends_at_once_and_the_next_start_goes_on(
    space: DataSpaceStandIn, options: Options, tmp_path: Path, fault: str
):
    """While one download waits for its server, and others for their turn."""
    products = [space.add(name) for name in NAMES]
    for product in products[1:]:
        space.faults[product.id] = [fault]

    def interrupt() -> None:
        while len(space.requests) < 4:
            space.released.wait(0.01)
        if fault == "hang":
            part = tmp_path / f".{products[1].stem}.zip.part"
            while not (part.exists() and part.stat().st_size >= 90_000):
                space.released.wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        download(products, tmp_path, *options(parallel=2, policy=None))
    thread.join()
    assert not [t for t in threading.enumerate() if t.name.startswith("download")]
    report = download([], tmp_path, *options())
    found = {name: entry["state"] for name, entry in report.earlier.items()}
    assert found == dict.fromkeys(NAMES, "stopped") | {NAMES[0]: "complete"}
    assert {path.suffix for path in tmp_path.iterdir()} <= {".zip", ".part", ".json"}
    assert len(list(tmp_path.glob("*.zip"))) == 1

    space.released.set()
    space.faults.clear()
    report = download(products, tmp_path, *options(policy=RetryPolicy()))
    assert list(states(report).values()).count("complete") == len(NAMES) - 1
    if fault == "hang":
        assert sum(o.bytes for o in report.of([State.complete])) <= sum((p.size or 0) for p in products[1:]) - 90_000
    for product in products:
        assert (tmp_path / f"{product.stem}.zip").read_bytes() == space.contents[product.id]


def test_a_report_of_another_form_counts_as_none(space: DataSpaceStandIn, options: Options, tmp_path: Path):
    product = space.add(NAMES[0])
    for text in ("", "[]", '{"products": 5}', '{"products": {"a": 5}}', "\0"):
        (tmp_path / "download-report.json").write_text(text)
        assert download([product], tmp_path, *options()).outcomes[product.name].is_there


def test_ctrl_c_while_downloads_are_being_started(
    space: DataSpaceStandIn, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The first one hangs already: nobody waits for its server."""
    products = [space.add(name) for name in NAMES[:2]]
    space.faults[products[0].id] = ["hang"]
    part = tmp_path / f".{products[0].stem}.zip.part"
    submit = ThreadPoolExecutor.submit

    def submit_until_interrupted(self, function, product, work):
        if product.name == products[0].name:
            return submit(self, function, product, work)
        while not (part.exists() and part.stat().st_size >= 90_000):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(products, tmp_path, *options(parallel=2))
    report = json.loads((tmp_path / "download-report.json").read_text())
    assert report["products"][products[0].name]["state"] == "stopped"
