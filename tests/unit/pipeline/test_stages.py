"""What decides whether a stage is done; the stages themselves run in integration/test_pipeline.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reben.correct.sixs.adjacency_range import RANGE_M
from reben.pipeline.configuration import Configuration
from reben.pipeline.stages import Stage, stages_of
from reben.work.context import Context

StageOf = Callable[..., Stage]


@pytest.fixture
def correct_stage(tmp_path: Path) -> StageOf:
    """The stage that corrects, with some settings."""

    def make(*l1c: Path, **settings: object) -> Stage:
        configuration = Configuration.model_validate(
            {"output": tmp_path, "l1c": l1c or (tmp_path,), "correct": settings, "build": {"clc": tmp_path}}
        )
        return stages_of(configuration, Context())[0]

    return make


def test_another_adjacency_range_is_another_correction(correct_stage: StageOf):
    plain = correct_stage(engine="6s").inputs(())
    assert correct_stage(engine="6s", adjacency_range=RANGE_M).inputs(()) == plain
    assert correct_stage(engine="6s", adjacency_range=500).inputs(()) != plain
