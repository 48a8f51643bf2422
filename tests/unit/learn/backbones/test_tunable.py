from dataclasses import replace

import pytest

from reben.core.errors import BackboneError
from reben.learn.backbones.model import build_backbone, build_backbone_maps
from reben.learn.backbones.row import Values
from reben.learn.backbones.table import find_backbone

BUILDERS = (lambda row: build_backbone(row, classes=3), lambda row: build_backbone_maps(row.for_maps(), classes=3))


@pytest.mark.parametrize("build", BUILDERS)
def test_an_empty_image_has_the_bands_that_a_store_must_have(build):
    row = find_backbone("test_resnet")
    row = replace(row, channels=(*row.channels, "B10"), missing={"B10": 0.0}, values=Values("as stored"))
    model = build(row).eval()
    assert model.get_classifier() is model.head
    assert model.empty_images().shape == (1, 10, 120, 120)
    assert model(model.empty_images()).shape[:2] == (1, 3)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_network_that_cannot_take_the_images_is_named(build):
    row = replace(find_backbone("test_vit"), crop_px=8, encoder="stand_ins.encoders:of_full_size")
    with pytest.raises(BackboneError, match="test_vit cannot take images of 10 bands and 8 pixels"):
        build(row)
