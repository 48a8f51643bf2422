"""Our weights in the hands of configilm, and its weights in ours; in the environment that `make bench` makes for it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import reben
from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weights import TrainedModel, save_model

PYTHON = Path(__file__).parents[2] / ".bench-cache" / "configilm" / "bin" / "python"

# The class with which the published weights were made, without its training and metrics: a wrapper of configilm's model
# that the hub library's mixin saves and loads.
SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
from configilm.ConfigILM import ConfigILM, ILMConfiguration, ILMType
from huggingface_hub import PyTorchModelHubMixin

class Classifier(torch.nn.Module, PyTorchModelHubMixin):
    def __init__(self, config: ILMConfiguration):
        super().__init__()
        assert config.network_type == ILMType.IMAGE_CLASSIFICATION and config.classes == 19
        self.model = ConfigILM(config)

    def forward(self, images):
        return self.model(images)

folder = sys.argv[1]
images = torch.from_numpy(np.load(f"{folder}/images.npy"))
with torch.no_grad():
    ours = Classifier.from_pretrained(f"{folder}/ours", strict=True).eval()
    np.save(f"{folder}/ours.npy", ours(images).numpy())
    config = ILMConfiguration("resnet18", channels=12, classes=19, image_size=120, drop_rate=0.15)
    theirs = Classifier(config).eval()
    theirs.save_pretrained(f"{folder}/theirs")
    np.save(f"{folder}/theirs.npy", theirs(images).numpy())
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="needs the environment with configilm, which `make bench` makes")
def test_configilm_and_reben_read_each_others_weights(tmp_path: Path):
    architecture = Architecture("resnet18", 12, 19, 120, dropout=0.15, drop_path=0.15)
    model = build_model(architecture).eval()
    save_model(
        tmp_path / "ours",
        TrainedModel(model, architecture, BAND_SETS["all"], PUBLISHED_STATISTICS, CLC2018.class_names),
    )
    images = torch.randn(2, 12, 120, 120)
    np.save(tmp_path / "images.npy", images.numpy())
    result = subprocess.run([PYTHON, "-c", SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

    with torch.inference_mode():
        np.testing.assert_allclose(np.load(tmp_path / "ours.npy"), model(images).numpy(), rtol=0, atol=1e-5)
        theirs = reben.load_model(tmp_path / "theirs")
        np.testing.assert_allclose(np.load(tmp_path / "theirs.npy"), theirs.model(images).numpy(), rtol=0, atol=1e-5)
    assert theirs.bands == BAND_SETS["all"]
    assert theirs.class_names == CLC2018.class_names
    # 850 bytes is the size of config.json of the published resnet50-all-v0.2.0: the same fields.
    assert (tmp_path / "theirs" / "config.json").stat().st_size == 850
