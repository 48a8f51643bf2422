"""Training starts from timm's weights, a run or weights on the hub; first and last layer are fitted."""

import dataclasses
import json
import time
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import HubError, RecipeError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.initial_weights import (
    copy_weights,
    find_start,
    fit_first_layer,
    fit_head,
    pretrained_start,
)
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from stand_ins.hub import HubStandIn

TAG = "test_resnet.r160_in1k"


def model(
    *,
    name: str = "test_resnet",
    bands: str = "all",
    classes: tuple[str, ...] = CLC2018.class_names,
    task: str = "classification",
    seed: int = 0,
) -> TrainedModel:
    torch.manual_seed(seed)
    names = BAND_SETS[bands]
    architecture = Architecture(name, len(names), len(classes), 120, 0.0, 0.0, task)
    return TrainedModel(build_model(architecture).eval(), architecture, names, PUBLISHED_STATISTICS, classes)


@pytest.fixture
def timm_hub(hub: HubStandIn) -> dict[str, torch.Tensor]:
    """Weights of timm's smallest ResNet on a stand-in of the hub: random ones, as they cannot be fetched here."""
    torch.manual_seed(1)
    weights = timm.create_model("test_resnet").state_dict()
    hub.add(timm.get_pretrained_cfg(TAG).hf_hub_id, {"model.safetensors": save(weights)})
    return weights


@pytest.mark.parametrize("name", ["test_resnet", TAG])
def test_timms_weights_are_fitted_to_the_channels(timm_hub: dict[str, torch.Tensor], name: str):
    start = pretrained_start(name)
    assert (start.timm_name, start.description) == ("test_resnet", f"timm's weights {TAG}")
    built = build_model(Architecture("test_resnet", 12, 19, 120, 0.0, 0.0), pretrained=start.pretrained).state_dict()
    torch.testing.assert_close(built["layer1.0.conv1.weight"], timm_hub["layer1.0.conv1.weight"])
    first = timm_hub["conv1.0.weight"]
    torch.testing.assert_close(built["conv1.0.weight"], first.repeat(1, 4, 1, 1) * 3 / 12)
    assert built["fc.weight"].shape == (19, timm_hub["fc.weight"].shape[1])


def test_a_unet_starts_from_timms_weights(timm_hub: dict[str, torch.Tensor]):
    start = find_start(TAG)
    architecture = Architecture("test_resnet", 2, 3, 64, 0.0, 0.0, "segmentation")
    built = build_model(architecture, pretrained=start.pretrained).state_dict()
    torch.testing.assert_close(built["encoder.model.layer1.0.conv1.weight"], timm_hub["layer1.0.conv1.weight"])


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("test_resnet.no_such", "no pretrained weights 'test_resnet.no_such'"),
        ("nowhere", "neither a folder nor a timm model"),
    ],
)
def test_what_is_not_there_is_named(init: str, message: str):
    with pytest.raises(RecipeError, match=message):
        find_start(init)


def test_weights_that_cannot_be_fetched_are_an_error(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch):
    hub.broken = True
    monkeypatch.setattr(time, "sleep", lambda _: None)  # the library tries again and again, and waits in between
    with pytest.raises(HubError):
        pretrained_start(TAG)


def test_a_run_or_a_model_on_the_hub_is_copied_as_a_whole(tmp_path: Path, hub: HubStandIn):
    source = model(seed=3)
    save_model(tmp_path, source)
    hub.add("someone/weights", {file.name: file.read_bytes() for file in tmp_path.iterdir()})
    for init in (tmp_path, "someone/weights"):
        target = model(seed=4)
        start = find_start(init)
        assert start.source is not None
        assert copy_weights(start.source, target) == "all layers kept"
        for name, tensor in source.model.state_dict().items():
            assert torch.equal(target.model.state_dict()[name], tensor)


def test_bands_keep_their_weights_in_another_order():
    source = model(seed=3)
    shuffled = dataclasses.replace(model(seed=4), bands=tuple(reversed(source.bands)))
    assert copy_weights(source, shuffled) == "first layer fitted to the bands"
    images = torch.randn(2, 12, 120, 120)
    torch.testing.assert_close(shuffled.model(images.flip(1)), source.model(images), rtol=1e-4, atol=1e-4)


def test_new_bands_start_from_the_mean_and_classes_keep_their_rows():
    weights = torch.randn(4, 2, 3, 3)
    fitted = fit_first_layer(weights, ("VV", "VH"), ("VV", "B02", "VH"))
    torch.testing.assert_close(fitted[:, 0] * 3 / 2, weights[:, 0])
    torch.testing.assert_close(fitted[:, 1] * 3 / 2, weights.mean(dim=1))
    head, fresh = torch.randn(3, 5), torch.randn(3, 5)
    kept = fit_head(head, fresh, ("a", "b", "c"), ("b", "x", "a"))
    assert torch.equal(kept, torch.stack([head[1], fresh[1], head[0]]))
    assert torch.equal(fit_head(None, fresh, (), ("a", "b", "c")), fresh)


def test_other_bands_and_classes_are_said():
    source, target = model(seed=3), model(bands="s1", classes=("Pastures", "Vineyards"), seed=4)
    fresh = target.model.state_dict()["fc.weight"].clone()
    note = copy_weights(source, target)
    assert note == "first layer fitted to the bands; 1 of 2 classes of the last layer kept"
    rows = target.model.state_dict()["fc.weight"]
    assert torch.equal(rows[0], source.model.state_dict()["fc.weight"][CLC2018.class_names.index("Pastures")])
    assert torch.equal(rows[1], fresh[1])


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext"])
def test_a_unet_starts_from_a_classifier_and_back(name: str):
    classifier, unet = model(name=name, seed=3), model(name=name, task="segmentation", seed=4)
    head = unet.model.state_dict()["head.0.weight"].clone()
    copy_weights(classifier, unet)
    shared = [tensor for key, tensor in unet.model.state_dict().items() if key.startswith("encoder.model.")]
    known = {tensor.numpy().tobytes() for tensor in classifier.model.state_dict().values()}
    assert sum(tensor.numpy().tobytes() in known for tensor in shared) > 0.9 * len(shared)
    assert torch.equal(unet.model.state_dict()["head.0.weight"], head)


def test_another_architecture_is_refused():
    with pytest.raises(RecipeError, match="are of test_convnext; the model is test_resnet"):
        copy_weights(model(name="test_convnext"), model())


def test_a_config_keeps_the_legend(tmp_path: Path):
    from reben.learn.models.weights import load_model  # noqa: PLC0415

    save_model(tmp_path, dataclasses.replace(model(), own_legend=CLC2018))
    assert load_model(tmp_path).legend == CLC2018
    config = json.loads((tmp_path / "config.json").read_text())
    config["legend"]["codes"] = config["legend"]["codes"][:5]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(Exception, match="legend has other classes than class_names"):
        load_model(tmp_path)
