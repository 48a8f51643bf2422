"""`reben correct`, and `reben build` of what it makes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reben.correct.l2a_product import l2a_name
from reben.demo.inputs import write_raw_inputs
from reben.demo.l1c import L1C_PRODUCT
from reben.io.dataset.metadata import read_metadata

L2A = str(l2a_name(L1C_PRODUCT))
SLOW_CORRECT = """
import sys, time
from reben.correct.sixs import engine
from reben.__main__ import main

def slow(self, report):
    print("half done", flush=True)
    time.sleep(600)

engine.L2aWriter.finish = slow
if __name__ == "__main__":
    sys.argv[0] = "reben"
    main()
"""


def reben(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "reben", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in result.stderr
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout, result.stderr


@pytest.fixture(scope="module")
def corrected(small_l1c, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("l2a")
    out, err = reben("correct", small_l1c.path, "--output", output, "--engine", "6s", "--threads", 1)
    assert out == f"{output / L2A}\n"
    assert "fallback: " in err
    assert "altitude: sea level" in err
    assert "1 corrected, 0 there already, 0 failed" in err
    return output


@pytest.mark.slow
def test_a_data_set_is_built_from_it(corrected: Path, small_l1c, tmp_path: Path):
    inputs = write_raw_inputs(tmp_path / "inputs", extent=small_l1c.extent)
    dataset = tmp_path / "dataset"
    reben(
        "build", "--l2a", corrected, "--clc", inputs.land_cover, "--countries", inputs.countries,
        "--s1-scenes", inputs.s1_scenes, "--output", dataset,
    )  # fmt: skip
    rows = read_metadata(dataset / "metadata.parquet")
    assert rows.num_rows > 5
    assert all("_N9906_" in name for name in rows["patch_id"].to_pylist())


def test_a_rerun_has_nothing_to_do(corrected: Path, small_l1c):
    out, err = reben("correct", small_l1c.path, "--output", corrected, "--engine", "6s")
    assert out == ""
    assert "0 corrected, 1 there already, 0 failed" in err


def test_bad_products_are_skipped_named_and_end_with_code_1(corrected: Path, small_l1c, tmp_path: Path):
    bad = Path(shutil.copytree(small_l1c.path, tmp_path / "bad.SAFE"))
    next(bad.rglob("*_B04.jp2")).unlink()
    shutil.copytree(corrected / L2A, tmp_path / "level2.SAFE")
    paths = (tmp_path, small_l1c.path)
    common = ("--output", corrected, "--engine", "6s", "--on-error", "skip")
    out, err = reben("correct", *paths, *common, "--json", "-", code=1)
    report = json.loads(out)
    assert report["present"] == [small_l1c.path.name]
    assert set(report["failed"]) == {"bad.SAFE", "level2.SAFE"}
    assert "lacks B04" in report["failed"]["bad.SAFE"]
    assert "is an L2A product already" in report["failed"]["level2.SAFE"]
    assert "0 corrected, 1 there already, 2 failed" in err


def test_an_error_ends_the_run(small_l1c, tmp_path: Path):
    bad = Path(shutil.copytree(small_l1c.path, tmp_path / "bad.SAFE"))
    next(bad.rglob("*_B04.jp2")).write_bytes(b"no image")
    _, err = reben("correct", bad, "--output", tmp_path / "L2A", "--engine", "6s", code=1)
    assert "B04.jp2: cannot be read" in err
    assert "hint: " in err
    assert not list((tmp_path / "L2A").iterdir())


def test_without_sen2cor(small_l1c, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("SEN2COR_HOME", raising=False)
    _, err = reben("correct", small_l1c.path, "--output", tmp_path, code=1)
    assert "no L2A_Process found" in err
    assert "--sen2cor" in err


@pytest.mark.slow
def test_a_killed_correction_leaves_nothing_and_is_done_again(small_l1c, tmp_path: Path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW_CORRECT)
    output = tmp_path / "L2A"
    arguments = ["correct", str(small_l1c.path), "--output", str(output), "--engine", "6s", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "half done\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not [path for path in output.iterdir() if not path.name.startswith(".")]
    end = time.monotonic() + 90
    while True:  # until the worker, which notices that it is alone, has let go of its lock
        result = subprocess.run(
            [sys.executable, "-m", "reben", *arguments], capture_output=True, text=True, check=False
        )
        if result.returncode == 0:
            break
        assert "another process is writing" in result.stderr
        assert time.monotonic() < end
        time.sleep(0.1)
    assert [path.name for path in output.iterdir()] == [L2A]


@pytest.mark.slow
def test_on_a_cluster(cluster, corrected: Path, small_l1c, tmp_path: Path):
    reben("correct", small_l1c.path, "--output", tmp_path, "--engine", "6s", "--scheduler", cluster.address)
    ours, theirs = (
        sorted(path.relative_to(folder) for path in folder.rglob("*.jp2")) for folder in (tmp_path, corrected)
    )
    assert ours == theirs
    for image in ours:
        assert (tmp_path / image).read_bytes() == (corrected / image).read_bytes()


def test_an_unexpected_version_of_sen2cor_is_warned_of(small_l1c, tmp_path: Path):
    """With a stand-in that answers as an old version does, and then fails."""
    program = tmp_path / "L2A_Process"
    program.write_text(
        "#!/bin/sh\necho 'Sentinel-2 Level 2A Processor (Sen2Cor). Version: 2.5.5, created: 2018'\nexit 4\n"
    )
    program.chmod(0o755)
    l1c = Path(shutil.copytree(small_l1c.path, tmp_path / small_l1c.path.name))
    options = ("--output", tmp_path / "L2A", "--sen2cor", program, "--on-error", "skip")
    _, err = reben("correct", l1c, *options, code=1)
    assert "warning: this is sen2cor 2.5; 2.11 was expected" in err
    assert "sen2cor ended with code 4" in err
    assert [path.suffix for path in (tmp_path / "L2A").iterdir()] == [".log"]
