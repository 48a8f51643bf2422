import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors.torch import load_file, save_file

import reben
from reben.core.classes import CLC2018
from reben.core.errors import HubError, RunError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weights import TrainedModel, load_model, save_model
from stand_ins.hub import HubStandIn


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
    [
        ("no JSON", "cannot be read as JSON"),
        ("[]", "does not describe a model"),
        ("{}", "does not describe a model"),
        ('{"channels": []}', "does not describe a model"),
        ('{"bands": 3}', "does not describe a model"),
        ('{"bands": [[]]}', "does not describe a model"),
        ('{"channels": NaN}', "cannot be read as JSON"),
    ],
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


def test_a_pickle_under_the_name_of_the_weights_is_refused(folder: Path):
    for content in (pickle.dumps({"weights": 1}), b"PK\x03\x04 torch's archive"):
        (folder / "model.safetensors").write_bytes(content)
        with pytest.raises(RunError) as caught:
            load_model(folder)
        assert "can run code" in caught.value.hint


def as_published(folder: Path) -> None:
    """Leave in config.json what published files have: numbers as class names, no bands, means, standard deviations."""
    config = json.loads((folder / "config.json").read_text())
    for name in ("bands", "mean", "std"):
        del config[name]
    config |= {"class_names": [str(number) for number in range(19)], "drop_path_rate": None}
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("names", [True, False])
def test_published_configurations_mean_the_papers_bands_and_statistics(folder: Path, names: bool):
    as_published(folder)
    if not names:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"class_names": None}))
    loaded = load_model(folder)
    assert loaded.bands == ("VV", "VH")
    assert loaded.architecture.drop_path == 0
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
        ("channels", 1024, "bands has 2 entries for 1024 channels"),
    ],
)
def test_configurations_that_make_no_sense(folder: Path, name: str, value: object, message: str):
    config = json.loads((folder / "config.json").read_text()) | {name: value}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=message):
        load_model(folder)


def test_the_first_publication_has_another_order_of_bands(folder: Path, hub: HubStandIn, tmp_path: Path):
    as_published(folder)
    name = "BIFOLD-BigEarthNetv2-0/resnet50-s1-v0.1.1"
    hub.add(name, {file.name: file.read_bytes() for file in folder.iterdir()})
    loaded = load_model(name)
    assert loaded.bands == ("VH", "VV")
    assert loaded.statistics["VH"] == PUBLISHED_STATISTICS["VH"]
    shutil.copytree(folder, tmp_path / "resnet50-s1-v0.1.1")
    assert load_model(tmp_path / "resnet50-s1-v0.1.1").bands == ("VH", "VV")
    hub.add("someone/resnet50-s1-v0.2.0", {file.name: file.read_bytes() for file in folder.iterdir()})
    assert load_model("someone/resnet50-s1-v0.2.0").bands == ("VV", "VH")


def test_images_that_no_memory_holds_are_refused_before_they_are_tried(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    config |= {"channels": 64, "image_size": 4096, "bands": ["VV"] * 64, "mean": [0.0] * 64, "std": [1.0] * 64}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="64 channels of 4096 x 4096 pixels are too many"):
        load_model(folder)


def test_models_are_loaded_from_the_hub(trained: TrainedModel, folder: Path, hub: HubStandIn):
    commit = hub.add("someone/model", {file.name: file.read_bytes() for file in folder.iterdir()})
    hub.repositories["someone/model"].commit({"model.safetensors": b"damaged"})
    image = torch.randn(1, 2, 120, 120)
    assert torch.equal(reben.load_model(f"someone/model@{commit}").model(image), trained.model(image))
    with pytest.raises(RunError, match="cannot be read"):
        load_model("someone/model")
    with pytest.raises(HubError, match="neither a folder here nor a repository"):
        load_model("someone/else")


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_published_model_is_loaded_from_the_real_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.DEFAULT_ETAG_TIMEOUT", 5)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    try:
        loaded = load_model("BIFOLD-BigEarthNetv2-0/mobilevit_s-s1-v0.2.0")
    except HubError as error:
        if "cannot be reached" not in str(error):
            raise
        pytest.skip(str(error))
    assert loaded.architecture.timm_name == "mobilevit_s"
    assert loaded.bands == ("VV", "VH")
    assert loaded.class_names == CLC2018.class_names


@dataclass
class OriginalConfig:
    """A stand-in for configilm's ILMConfiguration: some of its fields, their defaults."""

    timm_model_name: str
    network_type: int = 1
    channels: int = 3
    classes: int = 10
    image_size: int = 60
    drop_rate: float | None = 0.2
    class_names: list[str] | None = None


class OriginalClassifier(torch.nn.Module, PyTorchModelHubMixin):
    """A stand-in for BigEarthNetv2_0_ImageClassifier: the library's real mixin around a timm model."""

    def __init__(self, config: OriginalConfig, lr: float = 1e-3) -> None:
        super().__init__()
        assert config.network_type == 0
        self.config, self.lr = config, lr
        self.model = torch.nn.Module()
        architecture = Architecture(config.timm_model_name, config.channels, config.classes, config.image_size, 0, 0)
        self.model.vision_encoder = build_model(architecture)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model.vision_encoder(images)
        return logits


def test_the_original_way_of_loading_takes_our_files(trained: TrainedModel, folder: Path):
    loaded = OriginalClassifier.from_pretrained(folder, strict=True).eval()
    image = torch.randn(2, 2, 120, 120)
    assert torch.equal(loaded(image), trained.model(image))
    assert (loaded.config.image_size, loaded.config.drop_rate) == (120, 0.1)


def test_we_load_what_the_original_way_saves(tmp_path: Path):
    names = [str(number) for number in range(19)]
    original = OriginalClassifier(OriginalConfig("test_resnet", 0, 10, 19, 120, 0.1, names)).eval()
    original.save_pretrained(tmp_path / "saved")
    loaded = load_model(tmp_path / "saved")
    image = torch.randn(2, 10, 120, 120)
    assert torch.equal(loaded.model(image), original(image))
    assert loaded.bands[:3] == ("B02", "B03", "B04")
    assert loaded.class_names == CLC2018.class_names
