import json
from pathlib import Path

import pytest

from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weights import TrainedModel, save_model
from reben.learn.scores.multilabel import METRIC_NAMES
from reben.learn.training.run_directory import environment

SECRETS = ("/home/alice/private", "alice", "secret-host")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished and tested run, as training leaves it, with paths that must not be published."""
    folder = tmp_path / "run"
    architecture = Architecture("test_resnet", 2, 19, 120, dropout=0.15, drop_path=0.15)
    save_model(
        folder,
        TrainedModel(build_model(architecture), architecture, ("VV", "VH"), PUBLISHED_STATISTICS, CLC2018.class_names),
    )
    recipe = {
        "model": "test_resnet", "bands": "s1", "learning_rate": 0.001, "seed": 42, "statistics": None,
        "store": f"{SECRETS[0]}/store", "metadata": [f"{SECRETS[0]}/metadata.parquet"],
    }  # fmt: skip
    started = environment() | {"command": [f"{SECRETS[0]}/reben", "train"], "platform": SECRETS[2]}
    scores = {
        **dict(zip(METRIC_NAMES, (0.4321, 0.6, 0.3, 0.5), strict=True)),
        "chance_ap_macro": 0.123,
        "ap_per_class": dict.fromkeys(CLC2018.class_names, 0.25),
        "classes_without_positives": ["Coastal wetlands"],
        "patches": 12345,
    }
    for name, content in {
        "recipe.json": recipe,
        "environment.json": [started],
        "result.json": {"best_epoch": 3, "metric": "ap_macro", "best_score": 0.5678, "epochs": 9},
        "test.json": scores,
    }.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "metrics.csv").write_text("epoch,train/loss\n0,0.5\n")
    return folder
