import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from reben.core.classes import CLC2018
from reben.core.errors import RunError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models import Architecture, build_model
from reben.learn.weights import TrainedModel, load_model, save_model


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    architecture = Architecture("test_resnet", 2, 19, 120, dropout=0.1, drop_path=0.2)
    return TrainedModel(
        build_model(architecture).eval(), architecture, ("VV", "VH"), PUBLISHED_STATISTICS, CLC2018.class_names
    )


@pytest.fixture
def folder(trained: TrainedModel, tmp_path: Path) -> Path:
    save_model(tmp_path / "run", trained)
    return tmp_path / "run"


def test_a_saved_model_gives_the_same_logits(trained: TrainedModel, folder: Path):
    loaded = load_model(folder)
    image = torch.randn(3, 2, 120, 120)
    assert torch.equal(loaded.model(image), trained.model(image))
    assert (loaded.architecture, loaded.bands, loaded.class_names) == (
        trained.architecture,
        trained.bands,
        trained.class_names,
    )
    assert loaded.statistics["VV"] == PUBLISHED_STATISTICS["VV"]


def test_the_layout_is_that_of_the_published_weights(trained: TrainedModel, folder: Path):
    names = set(load_file(folder / "model.safetensors"))
    assert names == {f"model.vision_encoder.{name}" for name in trained.model.state_dict()}
    config = json.loads((folder / "config.json").read_text())
    assert config["timm_model_name"] == "test_resnet"
    assert (config["channels"], config["classes"], config["image_size"]) == (2, 19, 120)
    assert (config["drop_rate"], config["drop_path_rate"]) == (0.1, 0.2)


def test_missing_and_damaged_files(folder: Path):
    with pytest.raises(RunError, match=r"config\.json is missing") as caught:
        load_model(folder.parent)
    assert "--output" in caught.value.hint
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(RunError, match="cannot be read"):
        load_model(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(RunError, match="is missing"):
        load_model(folder)


def test_weights_of_another_architecture(folder: Path):
    save_file({"model.vision_encoder.conv": torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(RunError, match="does not fit the architecture"):
        load_model(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [("no JSON", "Invalid JSON"), ("[]", "does not describe a model"), ("{}", "does not describe a model")],
)
def test_useless_configurations(folder: Path, text: str, message: str):
    (folder / "config.json").write_text(text)
    with pytest.raises(RunError, match=message):
        load_model(folder)


def test_pickled_weights_are_refused_with_a_hint(folder: Path, tmp_path: Path):
    other = tmp_path / "pickled"
    shutil.copytree(folder, other)
    (other / "config.json").unlink()
    (other / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(RunError) as caught:
        load_model(other)
    assert "safetensors" in caught.value.hint


def test_published_configurations_mean_the_papers_bands_and_statistics(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    for name in ("bands", "mean", "std", "class_names"):
        del config[name]
    (folder / "config.json").write_text(json.dumps(config))
    loaded = load_model(folder)
    assert loaded.bands == ("VV", "VH")
    assert loaded.statistics["VH"] == PUBLISHED_STATISTICS["VH"]
    assert loaded.class_names == CLC2018.class_names


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bands", ["VV"], "bands has 1 entries for 2 channels"),
        ("mean", ["x", "y"], "mean.0 Input should be a valid number"),
        ("std", [0, 1], r"std.0 Input should be greater than or equal to"),
        ("class_names", ["a"], "class_names has 1 entries for 19 classes"),
        ("timm_model_name", [], "timm_model_name Input should be a valid string"),
        ("timm_model_name", "nonet", "no model 'nonet'"),
        ("image_size", 40_000, "image_size Input should be less than or equal to 4096"),
    ],
)
def test_configurations_that_make_no_sense(folder: Path, name: str, value: object, message: str):
    config = json.loads((folder / "config.json").read_text()) | {name: value}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=message):
        load_model(folder)
