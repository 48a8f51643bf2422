"""Ctrl-C and SIGTERM at any moment, and what the file system and memory refuse: an exit code and no traceback."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben

SLOW = """
import builtins, os, signal, sys
real = builtins.__import__
count = 0
def slow(name, *rest, **named):
    global count
    count += 1
    if count == int(os.environ["AT"]):
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    return real(name, *rest, **named)
import reben.__main__ as start
builtins.__import__ = slow
sys.argv = ["reben", *sys.argv[1:]]
start.main()
"""


def end_of(command: list[str], **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", [1, 3, 10, 50, 200, 1_000, 3_000])
def test_a_signal_during_imports(number: signal.Signals, at: int, tmp_path: Path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    command = [sys.executable, str(script), "models"]  # imports torch
    code, said = end_of(command, AT=str(at), SIGNAL=str(int(number)))
    assert "Traceback" not in said, said
    assert code == 128 + number or code == -number, said


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
def test_a_signal_at_some_moment(number: signal.Signals, seconds: float, tiny_store: Path, tiny_dataset: DatasetPaths):
    command = [sys.executable, "-m", "reben", "stats", "--store", str(tiny_store), "--metadata",
               str(tiny_dataset.metadata)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while Path(f"/proc/{process.pid}/cmdline").read_bytes().count(b"reben") == 0:
            time.sleep(0.001)
        time.sleep(seconds)
        process.send_signal(number)
        said = process.communicate(timeout=120)[1]
    # Before Python has begun to read our module, nobody can answer but Python itself.
    assert "Traceback" not in said or "site.py" in said or "runpy" in said, said
    assert process.returncode in {0, 128 + number, -number, 1}


def test_a_signal_in_a_destructor_is_not_lost(tmp_path: Path):
    script = tmp_path / "destructor.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "import reben.__main__ as start\n"
        "import reben.cli.main as cli\n"
        "class Slow:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), int(sys.argv[1])); time.sleep(0.2)\n"
        "def run():\n"
        "    thing = Slow(); del thing; time.sleep(20); print('went on')\n"
        "cli.run = run\n"
        "start.main()\n"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        done = subprocess.run(
            [sys.executable, str(script), str(int(number))], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode in {128 + number, -number}
        assert "went on" not in done.stdout
        assert "Traceback" not in done.stderr


def test_names_that_are_no_text_are_shown_harmlessly(tiny_dataset: DatasetPaths, tmp_path: Path):
    strange = os.fsencode(tmp_path) + b"/a\x1b[31m\xff\n\xc2\x9b"
    os.mkdir(strange)  # noqa: PTH102 - bytes
    command = [sys.executable, "-m", "reben", "encode", "bigearthnet", "--target"]
    done = subprocess.run(
        [*command, strange + b"/store", "--s2-dir", tiny_dataset.s2], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for said in (done.stdout, done.stderr):
        assert b"\x1b" not in said
        assert b"\xff" not in said
        assert b"\xc2\x9b" not in said
    again = subprocess.run([*command, tmp_path / "s", "--s2-dir", strange + b"/none"], capture_output=True, check=False)
    assert again.returncode == 1
    assert rb"a\x1b[31m\xff\x0a\x9b/none" in again.stderr
    assert b"Traceback" not in again.stderr


@pytest.mark.parametrize("megabytes", [300, 600, 1_000])
def test_too_little_memory(megabytes: int, tiny_dataset: DatasetPaths, tmp_path: Path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    command = [sys.executable, "-m", "reben", "encode", "bigearthnet", "--s2-dir", str(tiny_dataset.s2), "--target",
               str(tmp_path / "store")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode in {0, 1}
    assert done.returncode == 0 or "error:" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kilobytes", [1, *(pytest.param(size, marks=pytest.mark.slow) for size in (20, 100))])
def test_correcting_on_a_full_disk(kilobytes: int, small_l1c, tmp_path: Path):
    """A limit on the size of files stands for a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes << 10, kilobytes << 10))

    command = [sys.executable, "-m", "reben", "correct", str(small_l1c.path), "--output", str(tmp_path / "L2A"),
               "--engine", "6s"]  # fmt: skip
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=limit,
        env=unmeasured,  # coverage.py could not write its own file
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr
    assert "is larger than may be" in done.stderr
    assert "hint: free some space" in done.stderr
    assert not list((tmp_path / "L2A").rglob("*"))


@pytest.mark.parametrize(
    "command",
    [
        ["split", "--json", "/"],
        ["stats", "--store", "{store}", "--metadata", "{table}", "--output", "/"],
        ["encode", "bigearthnet", "--s2-dir", "{s2}", "--target", "/"],
        ["train", "--store", "{store}", "--metadata", "{table}", "--output", "/", "--model", "test_resnet"],
        ["demo", "--output", "/"],
        ["embed", "--checkpoint", "{store}", "--store", "{store}", "--metadata", "{table}", "--output", "/"],
    ],
    ids=lambda command: command[0],
)
def test_the_root_of_the_file_system_is_no_output(command: list[str], tiny_store: Path, tiny_dataset: DatasetPaths):
    places = {"store": tiny_store, "table": tiny_dataset.metadata, "s2": tiny_dataset.s2}
    run_reben(*(word.format(**places) for word in command), code=(1, 2))
