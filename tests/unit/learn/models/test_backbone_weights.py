import hashlib
import io
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import BackboneError, HubError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.backbones.table import BACKBONES
from reben.learn.models import backbone_weights as module
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.backbone_weights import BackboneName, convert_pickle, load_backbone
from reben.learn.models.pickle_conversion import convert
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from reben.work.checksums import sha256
from stand_ins.hub import HubStandIn


def images_for(name: str) -> torch.Tensor:
    return torch.rand(2, len(BACKBONES[name].bands), 120, 120) * 3000


def test_random_weights_are_the_same_each_time_and_leave_others_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (load_backbone(f"test_resnet@random{end}").model for end in ("", "", "-3"))
    assert torch.equal(torch.rand(1), expected)
    images = torch.rand(2, 10, 120, 120) * 3000
    with torch.no_grad():
        assert torch.equal(first(images), second(images))
        assert not torch.equal(first(images), other(images))


@pytest.mark.large
def test_published_pickles_are_converted_once(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torchgeo_state: dict[str, torch.Tensor]
):
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path))
    row = BACKBONES["moco-resnet18-s2"]
    content = io.BytesIO()
    torch.save({"state_dict": {**torchgeo_state, "fc.weight": torch.zeros(2, 512)}, "epoch": 3}, content)
    repository, file = row.weights.split("/resolve/")[0].removeprefix("https://hf.co/"), row.weights.rpartition("/")[2]
    commit = row.weights.split("/resolve/")[1].partition("/")[0]
    hub.add(repository, {file: content.getvalue()})
    hub.repositories[repository].files[commit] = hub.repositories[repository].files["main"]
    with pytest.raises(BackboneError, match="promises 59bfdff9"):  # it is not the file that torchgeo published
        load_backbone(row.name)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    monkeypatch.setattr(module, "_PROMISED_HASH", module.re.compile("^()never"))
    loaded = load_backbone(row.name)
    assert loaded.published_sha256 == digest
    (kept,) = (tmp_path / "backbones").glob("*.safetensors")
    assert loaded.weights_sha256 == sha256(kept)
    assert torch.equal(loaded.model.encoder.network.state_dict()["conv1.weight"], torchgeo_state["conv1.weight"])
    monkeypatch.setattr(module, "convert_pickle", None)
    assert load_backbone(row.name).weights_sha256 == loaded.weights_sha256


@pytest.fixture
def torchgeo_state() -> dict[str, torch.Tensor]:
    state = dict(load_backbone("moco-resnet18-s2@random-9").model.encoder.network.state_dict())
    return {name: tensor.clone() for name, tensor in state.items()}


def test_weights_of_a_file(tmp_path: Path, torchgeo_state: dict[str, torch.Tensor]):
    save_file(torchgeo_state, tmp_path / "own.safetensors")
    loaded = load_backbone(f"moco-resnet18-s2@{tmp_path / 'own.safetensors'}")
    images = images_for("moco-resnet18-s2")
    with torch.no_grad():
        assert torch.equal(loaded.model(images), load_backbone("moco-resnet18-s2@random-9").model(images))
    assert str(loaded.name) == "moco-resnet18-s2@own.safetensors"
    with pytest.raises(BackboneError, match="not the weights of this network"):
        load_backbone(f"moco-resnet18-rgb@{tmp_path / 'own.safetensors'}")
    with pytest.raises(BackboneError, match="does not exist"):
        load_backbone(f"moco-resnet18-s2@{tmp_path / 'nowhere.safetensors'}")
    torch.save(torchgeo_state, tmp_path / "own.pth")
    with pytest.raises(BackboneError, match="is not a safetensors file") as caught:
        load_backbone(f"moco-resnet18-s2@{tmp_path / 'own.pth'}")
    assert "pickled weights are not loaded" in caught.value.hint


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("hostile.txt", "w")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "hostile.pth").open("wb") as file:
        pickle.dump({"weight": _Hostile()}, file, protocol=2)
    return tmp_path / "hostile.pth"


def test_pickles_that_run_code_are_not_run(hostile: Path):
    with pytest.raises(pickle.UnpicklingError):
        convert(hostile, hostile.with_name("out.safetensors"))
    torch.save({"epoch": 3}, hostile.with_name("empty.pth"))
    with pytest.raises(ValueError, match="holds no tensors"):
        convert(hostile.with_name("empty.pth"), hostile.with_name("out.safetensors"))
    assert {path.name for path in hostile.parent.iterdir()} == {"hostile.pth", "empty.pth"}


@pytest.mark.slow
def test_what_the_other_process_refuses_is_said(hostile: Path):
    with pytest.raises(BackboneError, match="cannot be read as tensors only"):
        convert_pickle(hostile, hostile.with_name("out.safetensors"))
    assert not hostile.with_name("hostile.txt").exists()


@pytest.mark.slow
def test_the_papers_weights_are_fetched(hub: HubStandIn, tmp_path: Path):
    row = BACKBONES["reben-mobilevit_s-s1"]
    architecture = Architecture("mobilevit_s", 2, 19, 120, dropout=0, drop_path=0)
    trained = TrainedModel(
        build_model(architecture).eval(), architecture, BAND_SETS["s1"], PUBLISHED_STATISTICS, CLC2018.class_names
    )
    save_model(tmp_path / "run", trained)
    files = {name: (tmp_path / "run" / name).read_bytes() for name in ("config.json", "model.safetensors")}
    hub.add(row.weights, files)
    loaded = load_backbone(row.name)
    assert loaded.weights_sha256 == hashlib.sha256(files["model.safetensors"]).hexdigest()
    images = torch.randn(2, 2, 120, 120) * 4 - 12
    with torch.no_grad():
        logits = trained.model.get_classifier()(loaded.model(images))
        torch.testing.assert_close(logits, trained(images), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("hub")
def test_what_has_no_published_weights_says_so():
    with pytest.raises(BackboneError, match="test_resnet has no published weights") as caught:
        load_backbone("test_resnet")
    assert "test_resnet@random" in caught.value.hint
    with pytest.raises(HubError):
        load_backbone("dino-vits16-s2")
    assert BackboneName.parse("a@b/c@d") == BackboneName("a", "b/c@d")
