"""A model as an ONNX file, through the command line."""

from pathlib import Path

import onnx

from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weights import TrainedModel, save_model
from stand_ins.command import run_reben as reben


def test_a_run_is_exported(tmp_path: Path):
    architecture = Architecture("test_resnet", 2, 19, 120, dropout=0, drop_path=0)
    trained = TrainedModel(
        build_model(architecture), architecture, ("VV", "VH"), PUBLISHED_STATISTICS, CLC2018.class_names
    )
    save_model(tmp_path / "run", trained)
    target = tmp_path / "model.onnx"
    result = reben("export", "--checkpoint", tmp_path / "run", "--onnx", target)
    assert f"{target.stat().st_size:,} bytes; logits of 16 images differ" in result.stdout
    properties = {entry.key: entry.value for entry in onnx.load(target).metadata_props}
    assert properties["normalisation"] == "outside"
    error = reben("export", "--checkpoint", tmp_path, "--onnx", tmp_path / "other.onnx", code=1).stderr
    assert "config.json is missing" in error
    assert not (tmp_path / "other.onnx").exists()
