import pytest
import torch

from reben.core.errors import RecipeError
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.tasks.unet import build_unet


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_vit"])
def test_every_pixel_gets_logits_and_every_weight_a_gradient(name: str):
    model = build_model(Architecture(name, 3, 5, 120, 0.1, 0.1, task="segmentation"))
    logits = model(torch.rand(2, 3, 120, 120))
    assert logits.shape == (2, 5, 120, 120)
    logits.mean().backward()
    assert all(weight.grad is not None for weight in model.parameters() if weight.requires_grad)


@pytest.mark.parametrize("side", [120, 128, 96, 100])
def test_any_size_of_image(side: int):
    model = build_unet("test_resnet", channels=2, classes=4, image_size=side).eval()
    assert model(torch.rand(1, 2, side, side)).shape == (1, 4, side, side)
    assert model(torch.rand(1, 2, side, 64)).shape == (1, 4, side, 64)


def test_a_model_without_features_is_refused():
    with pytest.raises(RecipeError, match="cannot be built"):
        build_model(Architecture("mixer_s32_224", 3, 5, 120, 0, 0, task="segmentation"))
