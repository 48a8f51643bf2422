"""The engine sen2cor with stand-ins for the program, and one test with the real one."""

import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from reben.core.errors import CorrectionError, ProductError, TargetExistsError
from reben.core.names import ProductName
from reben.correct.sen2cor.engine import Sen2corEngine, repair_empty_folders
from reben.correct.sen2cor.program import find_sen2cor
from reben.io.safe.l2a import open_product
from reben.work import atomic

STAND_IN = Path(__file__).with_name("sen2cor_stand_in.py")
TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
L1C = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE"


@pytest.fixture
def l1c(tmp_path: Path) -> Path:
    """Metadata of an L1C product, which are all that is looked at before sen2cor is started; no empty folders."""
    path = tmp_path / "L1C" / L1C
    images = path / "GRANULE" / "L1C_T33UUP" / "IMG_DATA"
    images.mkdir(parents=True)
    (path / "DATASTRIP" / "DS").mkdir(parents=True)
    listed = ""
    for band in ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"):
        (images / f"T33UUP_{band}.jp2").touch()
        listed += f"<IMAGE_FILE>GRANULE/L1C_T33UUP/IMG_DATA/T33UUP_{band}</IMAGE_FILE>"
    checks = "".join(
        f'<quality_check checkType="{name}_QUALITY">PASSED</quality_check>'
        for name in ("GENERAL", "GEOMETRIC", "RADIOMETRIC", "SENSOR")
    )
    (path / "MTD_MSIL1C.xml").write_text(
        f"<a><PRODUCT_URI>{L1C}</PRODUCT_URI><QUANTIFICATION_VALUE>10000</QUANTIFICATION_VALUE>{listed}{checks}</a>"
    )
    (images.parent / "MTD_TL.xml").write_text("<a/>")
    return path


@pytest.fixture
def engine_that(tmp_path: Path, make_product: Callable[..., Path]) -> Callable[..., Sen2corEngine]:
    template = make_product(tmp_path / "template", TILE)

    def make(behaviour: str, **limits: float) -> Sen2corEngine:
        program = tmp_path / "L2A_Process"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" {behaviour} "{template}" "$@"\n')
        program.chmod(0o755)
        return Sen2corEngine(find_sen2cor(program), **limits)

    return make


def test_a_product_is_made_found_and_moved(engine_that, l1c: Path, tmp_path: Path):
    engine, output = engine_that("succeed"), tmp_path / "output"
    output.mkdir()
    assert engine.find_finished(l1c, output) is None
    record = engine.correct(l1c, output)
    assert record.product == f"{TILE}_20240101T000000.SAFE"
    assert record.engine == "sen2cor 2.11"
    assert [path.name for path in output.iterdir()] == [record.product]
    assert len(open_product(output / record.product).images) == 12
    assert engine.find_finished(l1c, output) == output / record.product


def test_products_of_the_other_engine_and_of_other_tiles_do_not_count(engine_that, l1c: Path, tmp_path: Path):
    for name in (TILE.replace("N9999", "N9906"), TILE.replace("33UUP", "33UUQ"), TILE.replace("S2A", "S2B")):
        (tmp_path / f"{name}_20240101T000000.SAFE").mkdir()
    (tmp_path / "S2A_MSIL2A_something.SAFE").mkdir()
    assert engine_that("succeed").find_finished(l1c, tmp_path) is None


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("code", r"ended with code 3: .*something broke"),
        ("critical", r"\[CRITICAL\]  L2A_AtmCorr: 12  out of memory"),
        ("nothing", "ended well, but wrote no product"),
        ("half", "wrote a product without B11, B12"),
        ("truncated", "wrote a damaged product"),
    ],
)
def test_failures_keep_their_log_and_nothing_else(engine_that, l1c: Path, tmp_path: Path, behaviour, message):
    output = tmp_path / "output"
    with pytest.raises(CorrectionError, match=message) as caught:
        engine_that(behaviour).correct(l1c, output)
    (log,) = output.iterdir()
    assert str(log) in caught.value.hint
    assert "Sen2Cor" in log.read_text()
    engine_that("succeed").correct(l1c, output)  # a later attempt is not in its way
    assert [path.suffix for path in output.iterdir()] == [".SAFE"]


@pytest.mark.parametrize("limits", [{"time_limit_s": 60.0}, {"silence_limit_s": 60.0}])
def test_a_program_that_hangs_is_killed_with_all_that_it_started(
    engine_that, l1c: Path, tmp_path: Path, monkeypatch, limits
):
    output, child = tmp_path / "output", tmp_path / "template" / "child.pid"

    clock = itertools.count(step=50)

    def later_when_it_hangs() -> float:
        return float(next(clock)) if child.exists() and child.read_text() else 0.0

    limits = {"time_limit_s": 1e9, "silence_limit_s": 1e9} | limits
    engine = engine_that("hang", **limits)
    monkeypatch.setattr(
        "reben.correct.sen2cor.engine.time", SimpleNamespace(monotonic=later_when_it_hangs, sleep=time.sleep)
    )
    with pytest.raises(CorrectionError, match=r"was stopped after \d+ s, \d+ s without a word, at 0.03 %"):
        engine.correct(l1c, output)
    monkeypatch.undo()
    assert [path.suffix for path in output.iterdir()] == [".log"]
    expect_gone(int(child.read_text()))


def expect_gone(pid: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z":
                time.sleep(0.02)
                continue
        return
    pytest.fail(f"process {pid} is still there")


def test_empty_folders_are_repaired(l1c: Path):
    repair_empty_folders(l1c)
    repair_empty_folders(l1c)
    for name in ("AUX_DATA", "HTML", "rep_info", "DATASTRIP/DS/QI_DATA", "GRANULE/L1C_T33UUP/AUX_DATA"):
        assert (l1c / name).is_dir()


def test_folders_that_cannot_be_made(l1c: Path):
    (l1c / "HTML").write_text("a file")
    with pytest.raises(CorrectionError, match=r"HTML: sen2cor needs this folder") as caught:
        repair_empty_folders(l1c)
    assert "writable" in caught.value.hint


def test_failed_quality_zip_files_and_damage_end_before_sen2cor_starts(engine_that, l1c: Path, tmp_path: Path):
    engine, output = engine_that("succeed"), tmp_path / "output"
    archive = Path(shutil.make_archive(str(tmp_path / "product"), "zip", l1c.parent, l1c.name))
    with pytest.raises(CorrectionError, match="cannot read zip files"):
        engine.correct(archive, output)
    metadata = l1c / "MTD_MSIL1C.xml"
    metadata.write_text(metadata.read_text().replace('"SENSOR_QUALITY">PASSED', '"SENSOR_QUALITY">FAILED'))
    with pytest.raises(CorrectionError, match="SENSOR_QUALITY is FAILED"):
        engine.correct(l1c, output)
    metadata.unlink()
    with pytest.raises(ProductError):
        engine.correct(l1c, output)
    assert not output.exists()


def test_two_at_once_do_not_get_in_each_other_s_way(engine_that, l1c: Path, tmp_path: Path):
    with atomic.locked(tmp_path / L1C.removesuffix(".SAFE")), pytest.raises(TargetExistsError):
        engine_that("succeed").correct(l1c, tmp_path)


@pytest.mark.sen2cor
def test_the_real_program(tmp_path: Path):
    """`REBEN_TEST_L1C=/path/to/an/L1C.SAFE pytest -m sen2cor`, with L2A_Process on the PATH; takes half an hour."""
    given = os.environ.get("REBEN_TEST_L1C")
    if given is None:
        pytest.skip("REBEN_TEST_L1C names no L1C product")
    try:
        program = find_sen2cor()
    except CorrectionError as error:
        pytest.skip(str(error))
    record = Sen2corEngine(program).correct(Path(given), tmp_path)
    product = open_product(tmp_path / record.product)
    tile = ProductName.parse(Path(given).name).tile
    assert replace(product.name.tile, baseline="", level="") == replace(tile, baseline="", level="")
    assert len(product.images) == 12
