"""Killed processes, full disks and unusable paths, as they happen to users."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store

SLOW_ENCODE = """
import sys, time
from reben.encode import engine
from reben.__main__ import main

def slow(write):
    def slowed(self, items):
        write(self, items)
        print("wrote", flush=True)
        time.sleep(60)
    return slowed

if __name__ == "__main__":
    from reben.io.store import StoreWriter
    StoreWriter.write = slow(StoreWriter.write)
    sys.argv[0] = "reben"
    main()
"""


def reben(*arguments: object) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "reben", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in result.stderr
    return result


def encode_arguments(paths: DatasetPaths, target: Path) -> list[str]:
    sources = ["--s2-dir", str(paths.s2), "--s1-dir", str(paths.s1)]
    return ["encode", "bigearthnet", *sources, "--target", str(target)]


def processes_with(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if marker.encode() in environment:
                found.append(int(entry.name))
    return found


def until(condition, seconds: float = 30) -> bool:
    """Wait for something that must happen; how long it takes does not matter."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_an_encoder_that_is_stopped_leaves_no_store_and_no_processes_and_goes_on(
    tiny_dataset: DatasetPaths, tmp_path: Path, number: signal.Signals
):
    script, target, marker = tmp_path / "slow.py", tmp_path / "store", f"REBEN_TEST={os.getpid()}-{number}"
    script.write_text(SLOW_ENCODE)
    process = subprocess.Popen(
        [sys.executable, str(script), *encode_arguments(tiny_dataset, target), "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, **dict([marker.split("=")])},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "wrote\n"
    assert len(processes_with(marker)) > 1
    process.send_signal(number)
    assert process.wait(timeout=60) != 0
    process.stdout.close()
    assert not target.exists()
    assert until(lambda: not processes_with(marker))
    assert {path.name for path in tmp_path.iterdir()} >= {"slow.py", ".store.partial"}  # to go on with

    assert reben(*encode_arguments(tiny_dataset, target)).returncode == 0
    assert len(open_store(target)) > 40
    assert {path.name for path in tmp_path.iterdir()} == {"slow.py", "store"}


def test_a_full_disk_is_called_a_full_disk(tiny_dataset: DatasetPaths, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        result = reben(*encode_arguments(tiny_dataset, disk / "store"))
        assert result.returncode == 1
        assert f"the disk of {disk} is full" in result.stderr
        assert "free some space" in result.stderr
        assert not (disk / "store").exists()
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        assert reben(*encode_arguments(tiny_dataset, disk / "store")).returncode == 0
        assert {path.name for path in disk.iterdir()} == {"store"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_paths_that_cannot_be_used_end_with_a_message(tiny_dataset: DatasetPaths, tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("")
    for target in (file / "store", tmp_path / ("x" * 300)):
        result = reben(*encode_arguments(tiny_dataset, target))
        assert result.returncode == 1
        assert "error:" in result.stderr
        assert "hint:" in result.stderr
    result = reben("split", "--json", file / "split.json")
    assert result.returncode == 2
    assert "cannot be written" in " ".join(result.stderr.replace("│", " ").split())  # however the box breaks its lines


KILLABLE_ENCODE = """
import random, sys, time
from reben.__main__ import main
from reben.io.store import writer
from reben.io.store import StoreWriter

writer.TRANSACTION_BYTES = 1 << 18
write = StoreWriter.write

def slowed(self, items):
    write(self, items)
    print("wrote", flush=True)
    time.sleep(0.02)

if __name__ == "__main__":
    StoreWriter.write = slowed
    sys.argv[0] = "reben"
    main()
"""


@pytest.mark.slow
def test_twenty_random_kills_change_no_byte(tiny_dataset: DatasetPaths, tmp_path: Path):
    script, target = tmp_path / "killable.py", tmp_path / "store"
    script.write_text(KILLABLE_ENCODE)

    def start(store: Path) -> subprocess.Popen[str]:
        command = [sys.executable, str(script), *encode_arguments(tiny_dataset, store)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    with start(tmp_path / "undisturbed") as process:
        transactions = (process.stdout or []).read().count("wrote")
    assert process.returncode == 0
    assert transactions > 20

    draw = random.Random(0)  # noqa: S311 - moments, not secrets
    for _ in range(20):
        with start(target) as process:
            assert process.stdout is not None
            if process.stdout.readline() != "wrote\n":  # all was written before the last kill
                break
            time.sleep(draw.uniform(0, 0.03))
            process.kill()
        assert not target.exists()
    with start(target) as process:
        written = (process.stdout or []).read().count("wrote")
    assert process.returncode == 0
    assert written < transactions
    assert (target / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()
