"""What decides whether a stage is done; the stages themselves run in integration/test_pipeline.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reben.correct.sixs.adjacency_range import RANGE_M
from reben.pipeline.configuration import Configuration
from reben.pipeline.stages import Stage, stages_of
from reben.pipeline.tools import Corrected, Tools

StageOf = Callable[..., Stage]


@pytest.fixture
def given() -> list[Path]:
    """What the correction is given, once it has run."""
    return []


@pytest.fixture
def correct_stage(given: list[Path], tmp_path: Path) -> StageOf:
    """The stage that corrects, with some settings, and without an engine."""

    def note(products: Any, *_: object, **__: object) -> Corrected:
        given.extend(products)
        return Corrected(())

    def make(*l1c: Path, **settings: object) -> Stage:
        configuration = Configuration.model_validate(
            {"output": tmp_path, "l1c": l1c or (tmp_path,), "correct": settings, "build": {"clc": tmp_path}}
        )
        nothing: Any = None
        return stages_of(configuration, Tools(nothing, nothing, note, nothing))[0]

    return make


def test_another_adjacency_range_is_another_correction(correct_stage: StageOf):
    plain = correct_stage(engine="6s").inputs(())
    assert correct_stage(engine="6s", adjacency_range=RANGE_M).inputs(()) == plain
    assert correct_stage(engine="6s", adjacency_range=500).inputs(()) != plain
