"""What the stage tells; whole corrections run in integration/test_correct.py."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reben.correct import stage as module
from reben.correct.options import CorrectOptions
from reben.correct.report import CorrectionRecord
from reben.correct.stage import correct_products
from reben.work.context import Context

NAME = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608"


@dataclass(frozen=True)
class Engine:
    """Takes more memory than there is, and makes empty folders."""

    memory_bytes: int = 1 << 60

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        path = output / l1c.name.replace("L1C", "L2A")
        return path if path.exists() else None

    def correct(self, l1c: Path, output: Path) -> CorrectionRecord:
        name = l1c.name.replace("L1C", "L2A")
        (output / name).mkdir()
        return CorrectionRecord(
            engine="stand-in", product=name, source=l1c.name, compared_with=(), fallbacks=("ozone: none",)
        )


def test_a_command_and_a_pipeline_are_told_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "engine_of", lambda *_: Engine())
    (tmp_path / f"{NAME}.SAFE").mkdir()
    (tmp_path / f"{NAME}.SAFE" / "MTD_MSIL1C.xml").touch()
    (tmp_path / f"{NAME}.zip").touch()
    said: list[str] = []
    asked: list[tuple[str, int]] = []

    @contextmanager
    def executor_of(scheduler: str, workers: int, *, preload: str) -> Iterator[Executor]:
        assert preload
        asked.append((scheduler, workers))
        with ThreadPoolExecutor(1) as executor:
            yield executor

    context = Context(executor_of=executor_of, tell=said.append)
    corrected = correct_products([tmp_path], tmp_path / "L2A", CorrectOptions(workers=4), context)
    made = tmp_path / "L2A" / f"{NAME.replace('L1C', 'L2A')}.SAFE"
    assert corrected.made == (made,)
    assert asked == [("", 1)]
    assert said == [
        f"left out: {tmp_path / NAME}.zip: is there as {tmp_path / NAME}.SAFE, too",
        "warning: there is memory for 1 of 4 products at a time",
        f"fallback: {made.name}: ozone: none",
    ]
    assert list(corrected.left_out) == [f"{tmp_path / NAME}.zip"]


def test_a_cluster_has_memory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "engine_of", lambda *_: Engine())
    (tmp_path / f"{NAME}.SAFE").mkdir()
    (tmp_path / f"{NAME}.SAFE" / "MTD_MSIL1C.xml").touch()
    said: list[str] = []

    @contextmanager
    def executor_of(scheduler: str, workers: int, **_: object) -> Iterator[Executor]:
        assert (scheduler, workers) == ("tcp://10.0.0.1:8786", 4)
        with ThreadPoolExecutor(1) as executor:
            yield executor

    options = CorrectOptions(workers=4, scheduler="tcp://10.0.0.1:8786")
    correct_products([tmp_path], tmp_path / "L2A", options, Context(executor_of=executor_of, tell=said.append))
    assert not [line for line in said if line.startswith("warning")]
