import pytest
import timm
import torch

from reben.core.errors import RecipeError
from reben.learn.models.heads import head_modules
from reben.learn.tasks.unet import build_unet


def test_the_last_layer_is_found():
    model = timm.create_model("test_resnet", num_classes=3)
    assert head_modules(model) == [model.fc]
    with pytest.raises(RecipeError, match="Identity has no last layer"):
        head_modules(torch.nn.Identity())


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_all_that_a_u_net_adds_to_its_backbone(name: str):
    unet = build_unet(name, channels=2, classes=3, image_size=64)
    known = {id(parameter) for module in head_modules(unet) for parameter in module.parameters()}
    fresh = {name for name, parameter in unet.named_parameters() if id(parameter) in known}
    rest = {name for name, _ in unet.named_parameters()} - fresh
    assert fresh
    assert all(name.startswith(("encoder.model.", "encoder.backbone.")) for name in rest)
