import pytest
import timm
import torch
from torch import nn

from reben.core.errors import RecipeError
from reben.learn.backbones.model import build_backbone
from reben.learn.backbones.table import find_backbone
from reben.learn.training.layer_decay import by_layer


@pytest.mark.parametrize("of_backbone", [True, False])
def test_rates_fall_from_the_head_to_the_first_layer(of_backbone: bool):
    model = (
        build_backbone(find_backbone("vit_tiny_patch16_224"), classes=3)
        if of_backbone
        else timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=112)
    )
    groups = by_layer(model, 0.1, 0.05, 0.5)
    rate_of = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    named = dict(model.named_parameters())
    assert set(rate_of) == {id(parameter) for parameter in named.values()}
    rates = {name.removeprefix("encoder.network."): rate_of[id(parameter)] for name, parameter in named.items()}
    assert rates["head.weight"] == pytest.approx(0.1)
    assert rates["blocks.3.mlp.fc1.weight"] == pytest.approx(rates["blocks.4.mlp.fc1.weight"] / 2)
    assert min(rates.values()) == rates["patch_embed.proj.weight"]
    torch.optim.AdamW(groups, lr=0.1).step()


def test_a_network_without_known_layers_is_refused():
    with pytest.raises(RecipeError, match="does not say which layers it has"):
        by_layer(nn.Linear(2, 2), 0.1, 0.0, 0.5)
