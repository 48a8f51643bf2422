import csv
from pathlib import Path

import pytest
import timm
import torch

from reben.core.errors import RecipeError
from reben.learn.models.architectures import Architecture, build_model


def architecture(name: str, channels: int = 12, size: int = 120) -> Architecture:
    return Architecture(name, channels, classes=19, image_size=size, dropout=0.15, drop_path=0.15)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "mixer_s32_224"])
@pytest.mark.parametrize("channels", [2, 10, 12])
def test_models_take_any_number_of_channels_at_the_size_of_a_patch(name: str, channels: int):
    model = build_model(architecture(name, channels)).eval()
    assert model(torch.zeros(2, channels, 120, 120)).shape == (2, 19)


@pytest.mark.slow
def test_all_models_of_the_paper_can_be_built(shared_data: Path):
    with (shared_data.parent / "paper" / "table1.csv").open() as file:
        names = {row["timm_name"] for row in csv.DictReader(file)}
    assert len(names) == 8
    for name in names:
        with torch.device("meta"):
            model = build_model(architecture(name)).eval()
            assert model(torch.zeros(1, 12, 120, 120)).shape == (1, 19)


def test_unknown_names_get_suggestions():
    with pytest.raises(RecipeError, match="no model 'resnet_50'") as caught:
        build_model(architecture("resnet_50"))
    assert "resnet50" in caught.value.hint


def test_a_model_that_does_not_fit_the_images_is_an_error():
    with pytest.raises(RecipeError, match="cannot be built for 12 channels of 0 pixels"):
        build_model(architecture("test_vit", size=0))


def test_settings_that_a_model_does_not_take_are_left_out(monkeypatch):
    create = timm.create_model
    given = []

    def without_drop_path(name: str, **options: object) -> torch.nn.Module:
        given.append(set(options))
        if "drop_path_rate" in options:
            raise TypeError("Net.__init__() got an unexpected keyword argument 'drop_path_rate'")
        return create(name, **options)

    monkeypatch.setattr(timm, "create_model", without_drop_path)
    build_model(architecture("test_resnet"))
    assert given[0] - given[1] == {"drop_path_rate"}
    assert "drop_rate" in given[1]
