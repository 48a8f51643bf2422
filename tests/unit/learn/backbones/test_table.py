import json
from types import ModuleType

import pytest

from reben.core.errors import BackboneError
from reben.learn.backbones.model import build_backbone
from reben.learn.backbones.table import BACKBONES, find_backbone


def test_rows_can_be_written_as_json_and_have_names_that_fit():
    for name, row in BACKBONES.items():
        assert row.name == name
        assert json.loads(row.as_json())["channels"] == list(row.channels)
        assert "@" not in name


def test_models_of_timm_are_backbones():
    assert find_backbone("resnet50.a1_in1k").weights == "timm:resnet50.a1_in1k"
    assert not find_backbone("resnet50").weights
    with pytest.raises(BackboneError, match="there is no backbone 'moco-resnet18'") as caught:
        find_backbone("moco-resnet18")
    assert "moco-resnet18-s2" in caught.value.hint


@pytest.mark.slow
def test_every_sentinel_row_of_torchgeo_is_there_or_left_out_on_purpose(torchgeo_models: ModuleType):
    known = {row.enum for row in BACKBONES.values()}
    left_out = ("CLOSP", "SECO", "NDVI", "SENTINEL1_MI_SATLAS", "SENTINEL1_SI_SATLAS", "FTW", "LANDSAT", "EarthLoc",
                "_RGB_SATLAS", "FGMAE", "TESSERA")  # fmt: skip
    for kind in (name for name in dir(torchgeo_models) if name.endswith("_Weights")):
        for weights in getattr(torchgeo_models, kind):
            name = f"{kind}.{weights.name}"
            if "SENTINEL" in name and not any(part in name for part in left_out):
                assert name in known


@pytest.mark.usefixtures("example_plugin")
def test_other_packages_add_rows():
    row = find_backbone("example-means")
    assert "example-means" in BACKBONES
    assert build_backbone(row).dimensions == 4
