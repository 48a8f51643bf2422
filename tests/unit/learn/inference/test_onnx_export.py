import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from own_process import in_own_process
from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import ExportError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.inference.onnx_export import TOLERANCE, export_onnx
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.trained_model import TrainedModel
from reben.paper.models import PAPER_MODELS


def make_trained(name: str, bands: str = "all", model: nn.Module | None = None) -> TrainedModel:
    torch.manual_seed(0)
    channels = BAND_SETS[bands]
    architecture = Architecture(name, len(channels), 19, 120, dropout=0.15, drop_path=0.15)
    model = model or build_model(architecture)
    return TrainedModel(model, architecture, channels, PUBLISHED_STATISTICS, CLC2018.class_names)


@pytest.mark.parametrize("with_normalisation", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_file_computes_the_same_for_any_batch_and_says_what_goes_in(tmp_path: Path, with_normalisation: bool):
    trained = make_trained("test_resnet")
    path = tmp_path / "model.onnx"
    exported = export_onnx(trained, path, with_normalisation=with_normalisation)
    assert exported.largest_difference <= TOLERANCE
    assert exported.nbytes == path.stat().st_size
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]  # no weights beside it
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(7)
    for count in (1, 4, 9):
        raw = random.normal(1000, 500, (count, 12, 120, 120)).astype(np.float32)
        images = raw if with_normalisation else trained.normalised(raw).numpy()
        (logits,) = session.run(["logits"], {"images": images})
        with torch.inference_mode():
            np.testing.assert_allclose(logits, trained(raw).numpy(), rtol=1e-4, atol=1e-4)

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["bands"]) == list(BAND_SETS["all"])
    assert json.loads(properties["mean"])[:2] == [-12.6439, -19.3526]
    assert json.loads(properties["std"])[:2] == [5.1335, 5.5905]
    assert json.loads(properties["class_names"]) == list(CLC2018.class_names)
    assert properties["normalisation"] == ("inside" if with_normalisation else "outside")
    assert properties["timm_model_name"] == "test_resnet"


class Noisy(nn.Module):
    """Gives something else each time."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 19)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(images.mean((2, 3)))
        return logits + torch.rand_like(logits)


class Endless(Noisy):
    """Gives no numbers."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(images.mean((2, 3)))
        return logits * torch.inf * 0


class Undecided(Noisy):
    """Does something that depends on the values of its input, which no graph can hold."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(images.mean((2, 3)))
        return logits if float(images.sum()) > 0 else -logits


@pytest.mark.parametrize(
    ("model", "message"),
    [(Noisy(), "differs from the original"), (Endless(), "differs"), (Undecided(), "cannot export")],
)
def test_a_model_that_cannot_be_exported_leaves_what_was_there(tmp_path: Path, model: nn.Module, message: str):
    (tmp_path / "model.onnx").write_bytes(b"old")
    with pytest.raises(ExportError, match=message) as caught:
        export_onnx(make_trained("odd", "s1", model), tmp_path / "model.onnx")
    assert caught.value.hint
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("model.onnx", b"old")]


def wake(model: nn.Module) -> None:
    """Give weight to what fresh models start with as nothing, so that a difference could show in the logits."""
    for parameter in model.parameters():
        if parameter.abs().max() < 1e-3:
            nn.init.normal_(parameter, std=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAPER_MODELS)
def test_every_model_of_the_paper_can_be_exported(tmp_path: Path, name: str):
    in_own_process(expect_exported, name, tmp_path)  # the largest take gigabytes


def expect_exported(name: str, tmp_path: Path) -> None:
    trained = make_trained(name)
    wake(trained.model)
    exported = export_onnx(trained, tmp_path / "model.onnx", with_normalisation=True)
    with torch.inference_mode():
        logits = trained(np.random.default_rng(0).normal(1000, 500, (4, 12, 120, 120)))
    assert logits.std(dim=0).mean() > 0.01  # what is compared depends on the images
    assert 0 < exported.largest_difference <= TOLERANCE
    assert exported.images == 16
