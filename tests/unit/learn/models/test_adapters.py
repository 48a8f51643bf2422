import sys

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from reben.core.errors import MissingExtraError, RecipeError
from reben.learn.backbones.model import build_backbone
from reben.learn.backbones.table import find_backbone
from reben.learn.models.adapters import adaptable_layers, adapter_modules, add_adapters, has_adapters, plain_state
from reben.learn.tasks.unet import build_unet

IMAGES = torch.rand(2, 10, 112, 112, generator=torch.Generator().manual_seed(1)) * 3000


def classifier(name: str) -> nn.Module:
    return timm.create_model(name, in_chans=10, num_classes=3, **({"img_size": 112} if "vit" in name else {}))


def backbone(name: str) -> nn.Module:
    return build_backbone(find_backbone(name), classes=3)


def unet(name: str) -> nn.Module:
    return build_unet(name, channels=10, classes=3, image_size=112)


@pytest.mark.parametrize(
    ("build", "name", "beside"),
    [(classifier, "test_vit", nn.Linear), (backbone, "test_vit", nn.Linear), (backbone, "test_resnet", nn.Conv2d),
     (unet, "test_resnet", nn.Conv2d)],
)  # fmt: skip
def test_a_model_with_adapters_becomes_a_plain_one(build, name: str, beside: type):
    model, other = build(name).eval(), build(name).eval()
    before = model(IMAGES)
    names = add_adapters(model, 2, IMAGES[:1])
    assert {type(other.get_submodule(layer)) for layer in names} == {beside}
    assert torch.equal(model(IMAGES), before)  # adapters are without effect until they have learnt
    head = [name for name, _ in other.named_parameters() if name.startswith(("head.", "decoder.", "fc."))]
    learnt = [name for name, parameter in model.named_parameters() if parameter.requires_grad and "lora_" not in name]
    assert learnt == head
    with torch.no_grad():
        for module in adapter_modules(model):
            for parameter in module.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.1)
    state = plain_state(model)
    assert state.keys() == other.state_dict().keys()
    other.load_state_dict(state)
    assert not torch.allclose(model(IMAGES), before)
    torch.testing.assert_close(other(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-4)


def test_every_adapter_learns():
    model = backbone("test_vit")
    add_adapters(model, 2, IMAGES[:1])
    model(IMAGES).square().sum().backward()
    second = [parameter for name, parameter in model.named_parameters() if "lora_B" in name]
    assert second
    assert all(parameter.grad.any() for parameter in second)


class Functional(nn.Module):
    """Uses the weights of a layer that it does not call, as some attention of torchvision does."""

    def __init__(self) -> None:
        super().__init__()
        self.quiet, self.called, self.head = nn.Linear(10, 10), nn.Linear(10, 10), nn.Linear(10, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.called(functional.linear(images.mean((2, 3)), self.quiet.weight)))

    def get_classifier(self) -> nn.Module:
        return self.head


def test_layers_that_are_not_called_get_no_adapters():
    assert adaptable_layers(Functional(), IMAGES) == ["called"]


def test_a_model_without_layers_for_adapters_is_refused():
    model = Functional()
    model.quiet, model.called = nn.Linear(10, 10), nn.Identity()
    with pytest.raises(RecipeError, match="has no layer for adapters"):
        add_adapters(model, 2, IMAGES)


def test_without_peft_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match="needs peft") as refused:
        add_adapters(classifier("test_vit"), 2, IMAGES)
    assert "reben[adapters]" in str(refused.value.hint)


def test_a_plain_model_has_none():
    model = classifier("test_vit")
    assert not has_adapters(model)
    assert plain_state(model).keys() == model.state_dict().keys()
