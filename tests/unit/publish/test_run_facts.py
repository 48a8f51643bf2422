import json
from pathlib import Path

import pytest

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import RunError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from reben.publish.run_facts import read_facts


def test_what_a_run_says(run: Path):
    facts = read_facts(run)
    assert facts.recipe["model"] == "test_resnet"
    assert facts.result["best_epoch"] == 3
    assert facts.test is not None
    assert facts.test["patches"] == 12345
    assert facts.trained.bands == ("VV", "VH")


def test_paths_and_command_lines_stay_behind(run: Path):
    facts = read_facts(run)
    assert {"store", "metadata"}.isdisjoint(facts.recipe)
    assert set(facts.environment) == {"reben", "python", "packages", "gpus", "started"}


def test_an_untested_run_has_no_test_scores(run: Path):
    (run / "test.json").unlink()
    assert read_facts(run).test is None


def test_runs_that_cannot_be_published(run: Path):
    (run / "result.json").unlink()
    with pytest.raises(RunError, match="not finished"):
        read_facts(run)
    with pytest.raises(RunError, match="holds no run"):
        read_facts(run.parent)


def test_damaged_weights_are_found_before_publishing(run: Path):
    (run / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(RunError, match="cannot be read"):
        read_facts(run)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("result.json", "{", "cannot be read as JSON"),
        ("recipe.json", "[]", "holds list; expected dict"),
        ("test.json", json.dumps({"split": "validation", "patches": 3}), "holds no scores of the test split"),
        ("test.json", "{}", "holds no scores of the test split"),
    ],
)
def test_damaged_files(run: Path, file: str, content: str, message: str):
    (run / file).write_text(content)
    with pytest.raises(RunError, match=message) as caught:
        read_facts(run)
    assert caught.value.hint


def test_a_tuned_backbone_is_not_published_as_a_timm_model(run: Path):
    architecture = Architecture("test_resnet", 10, 19, 120, dropout=0, drop_path=0, backbone="test_resnet")
    bands = BAND_SETS["s2"]
    save_model(
        run,
        TrainedModel(build_model(architecture), architecture, bands, PUBLISHED_STATISTICS, CLC2018.class_names),
    )
    with pytest.raises(RunError, match="tunes the backbone test_resnet"):
        read_facts(run)
