import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reben.core.errors import RunError
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weight_check import misfit
from reben.learn.models.weights import load_model

ARCHITECTURE = Architecture("test_resnet", 2, 19, 120, dropout=0.1, drop_path=0.2)
PREFIX = "model.vision_encoder."


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return {PREFIX + name: tensor for name, tensor in build_model(ARCHITECTURE).state_dict().items()}


def test_weights_of_the_same_architecture_fit(tensors: dict[str, torch.Tensor], tmp_path: Path):
    save_file(tensors, tmp_path / "w.safetensors")
    assert misfit(ARCHITECTURE, tmp_path / "w.safetensors", prefix=PREFIX) == ""


def test_what_differs_is_named(tensors: dict[str, torch.Tensor], tmp_path: Path):
    changed = dict(tensors)
    first, *_, last = changed
    del changed[last]
    changed[first] = torch.zeros(3)
    changed["surplus"] = torch.zeros(1)
    save_file(changed, tmp_path / "w.safetensors")
    said = misfit(ARCHITECTURE, tmp_path / "w.safetensors", prefix=PREFIX)
    assert f"{first.removeprefix(PREFIX)} has shape [3] instead of" in said
    assert f"{last.removeprefix(PREFIX)} is missing" in said
    assert "surplus is not part of it" in said


def test_a_file_that_cannot_be_read_is_left_to_its_reader(tmp_path: Path):
    (tmp_path / "w.safetensors").write_bytes(b"no weights")
    assert misfit(ARCHITECTURE, tmp_path / "w.safetensors", prefix=PREFIX) == ""


def test_a_model_of_a_billion_weights_is_not_built_for_a_small_file(
    tensors: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save_file(tensors, tmp_path / "model.safetensors")
    config = {"timm_model_name": "vit_giant_patch14_224", "channels": 2, "classes": 19, "image_size": 224}
    (tmp_path / "config.json").write_text(json.dumps(config))

    def build(_: Architecture) -> None:
        pytest.fail("memory was filled")

    monkeypatch.setattr("reben.learn.models.weights.build_model", build)
    with pytest.raises(RunError, match="does not fit the architecture"):
        load_model(tmp_path)
