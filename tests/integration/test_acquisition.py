"""Search and download through the command line, against the stand-in; and the one test of the real service."""

import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reben.acquire.products import read_products, reben_names
from stand_ins.command import run_reben as reben
from stand_ins.data_space import NAMES, PASSWORD, DataSpaceStandIn, running_data_space


@pytest.fixture
def space() -> Iterator[DataSpaceStandIn]:
    with running_data_space() as running:
        yield running


def test_from_names_to_verified_products(space: DataSpaceStandIn, tmp_path: Path):
    for name in NAMES[:3]:
        space.add(name)
    listing, output = tmp_path / "list.csv", tmp_path / "l1c"
    (tmp_path / "names.csv").write_text("\n".join(NAMES[1:3]))
    found = reben("search", NAMES[0], "--names", tmp_path / "names.csv", "--output", listing, **space.environment)
    assert found.stdout == ""
    assert "3 products" in found.stderr
    assert [product.name for product in read_products(listing)] == NAMES[:3]

    result = reben("download", listing, "--output", output, **space.environment)
    assert set(result.stdout.splitlines()) == {str(output / f"{name[:-5]}.zip") for name in NAMES[:3]}
    again = reben("download", listing, "--output", output, "--unpack", "--json", "-", **space.environment)
    assert json.loads(again.stdout) == json.loads((output / "download-report.json").read_text())
    assert json.loads(again.stdout)["counts"] == {"complete": 3}
    assert (output / NAMES[0] / "GRANULE" / "L1C_T33UUP" / "AUX_DATA").is_dir()


def test_names_without_a_product_are_told_and_the_others_listed(space: DataSpaceStandIn):
    space.add(NAMES[0])
    space.add(NAMES[1], Online=False)
    result = reben("search", *NAMES[:3], code=1, **space.environment)
    assert [line.split(",")[0] for line in result.stdout.splitlines()] == ["name", NAMES[0]]
    assert f"not found: {NAMES[1]}: offline" in result.stderr
    assert f"not found: {NAMES[2]}: the catalogue has no product" in result.stderr


def test_the_products_of_reben_are_known(space: DataSpaceStandIn):
    for name, number in list(reben_names().items())[:124]:
        space.add(name, b"PK\x03\x04")
        space.entries[-1]["Id"] = number
    result = reben("search", "--reben", code=1, **space.environment)
    assert len(result.stdout.splitlines()) == 125
    assert result.stderr.count("not found") == 1


def test_products_of_a_place_and_time(space: DataSpaceStandIn, tmp_path: Path):
    space.add(NAMES[0], Online=False)
    space.add(NAMES[1])
    space.add(NAMES[0].replace("MSIL1C", "MSIL2A"))
    when = ["--from", "2017-06-01", "--to", "2017-06-13"]
    result = reben("search", "--tile", "33UUP", *when, "--cloud", 10, **space.environment)
    assert [line.split(",")[0] for line in result.stdout.splitlines()[1:]] == NAMES[:1]
    assert f"offline: {NAMES[0]}" in result.stderr
    assert "MSIL2A" in reben("search", "--tile", "33UUP", "--type", "l2a", **space.environment).stdout
    assert "0 products" in reben("search", "--tile", "33UUP", "--cloud", 5, code=1, **space.environment).stderr
    (tmp_path / "area.geojson").write_text('{"type": "Point", "coordinates": [0, 0]}')
    assert "has 0 polygons" in reben("search", "--area", tmp_path / "area.geojson", code=1, **space.environment).stderr
    for wrong in ([], [NAMES[0], "--tile", "33UUP"], ["--from", "yesterday"], ["--cloud", 200, "--tile", "33UUP"]):
        reben("search", *wrong, code=2, **space.environment)


def test_failures_are_named_and_the_exit_code_tells(space: DataSpaceStandIn, tmp_path: Path):
    products = [space.add(name) for name in NAMES[:2]]
    space.faults[products[0].id] = ["404"]
    reben("search", *NAMES[:2], "--output", tmp_path / "list.csv", **space.environment)
    result = reben("download", tmp_path / "list.csv", "--output", tmp_path / "out", code=1, **space.environment)
    assert f"failed: {NAMES[0]}: the service has no such product any more" in result.stderr
    assert result.stdout.splitlines() == [str(tmp_path / "out" / f"{NAMES[1][:-5]}.zip")]
    error = reben("download", tmp_path / "list.csv", "--output", tmp_path, "--parallel", 9, code=2, **space.environment)
    assert "Invalid value for '--workers'" in error.stderr
    error = reben("download", tmp_path / "nothing.csv", "--output", tmp_path, code=1).stderr
    assert "nothing.csv: cannot be read" in error


@pytest.mark.parametrize("password", [PASSWORD, "a wrong one that must not show either"])
def test_no_secret_shows_anywhere(
    space: DataSpaceStandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture, password: str
):
    """Not in what is printed, logged or written, nor in the texts of exceptions, however much goes wrong."""
    caplog.set_level(logging.DEBUG)
    errors: list[BaseException] = []
    products = [space.add(name) for name in NAMES[:5]]
    space.faults["token"] = ["503", "html"]
    space.faults[products[0].id] = ["401", "cut 1000", "503"]
    space.faults[products[1].id] = ["403"]
    space.faults[products[2].id] = ["redirect http://127.0.0.1:9/elsewhere"] * 9
    space.faults[products[3].id] = ["html"] * 9
    environment = space.environment | {"CDSE_PASSWORD": password}
    reben("search", *NAMES[:5], "--output", tmp_path / "list.csv", **environment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reben.net.stopping.Stop.sleep", lambda *_: None)
        patch.setattr("reben.acquire.download.Outcome", _noting(errors))
        result = reben("download", tmp_path / "list.csv", "--output", tmp_path / "out", code=1, **environment)
    assert errors
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".zip"]
    assert len(written) >= 2
    told = "\n".join(["".join(traceback.format_exception(error)) + repr(error) for error in errors])
    log = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert "connect_tcp" in log  # the HTTP library's own words are among them
    text = "\n".join([result.stdout, result.stderr, log, told, *(content.decode() for content in written)])
    assert not [secret for secret in space.secrets | {password} if secret in text]
    assert len(space.secrets) >= (3 if password == PASSWORD else 1)


def _noting(errors: list[BaseException]) -> Callable[..., object]:
    """Outcomes as ever, but the exceptions behind them are kept."""
    from reben.acquire.folder import Outcome  # noqa: PLC0415 - the real one

    def outcome(*arguments: object, **facts: object) -> Outcome:
        if (error := sys.exception()) is not None:
            errors.append(error)
        return Outcome(*arguments, **facts)

    return outcome


def test_ctrl_c_in_a_process_of_its_own(space: DataSpaceStandIn, tmp_path: Path, until: Callable[..., None]):
    product = space.add(NAMES[0])
    space.faults[product.id] = ["hang"]
    reben("search", NAMES[0], "--output", tmp_path / "list.csv", **space.environment)
    command = [sys.executable, "-m", "reben", "download", tmp_path / "list.csv", "--output", tmp_path / "out"]
    process = subprocess.Popen(
        command, env=os.environ | space.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    part = tmp_path / "out" / f".{product.stem}.zip.part"
    until(lambda: part.exists() and part.stat().st_size >= 90_000)  # the rest may be in a buffer
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; " in err
    assert "Traceback" not in err
    assert not [secret for secret in space.secrets if secret in out + err or secret.encode() in words]
    assert [path.name for path in (tmp_path / "out").glob("*.zip")] == []
    space.released.set()
    reben("download", tmp_path / "list.csv", "--output", tmp_path / "out", **space.environment)
    report = json.loads((tmp_path / "out" / "download-report.json").read_text())
    assert report["products"][product.name]["bytes"] <= (product.size or 0) - 90_000


@pytest.mark.network
@pytest.mark.enable_socket
@pytest.mark.skipif("CDSE_PASSWORD" not in os.environ, reason="needs CDSE_USERNAME and CDSE_PASSWORD of an account")
def test_the_real_service(tmp_path: Path):
    """Search for the first product of reBEN, download it (some hundred megabytes), and verify it unpacked."""
    listing = tmp_path / "list.csv"
    name = next(iter(reben_names()))
    reben("search", name, "--output", listing)
    assert read_products(listing)[0].name == name
    reben("download", listing, "--output", tmp_path / "out")
    reben("download", listing, "--output", tmp_path / "out", "--unpack", "--verify")
    assert (tmp_path / "out" / name / "MTD_MSIL1C.xml").is_file()
