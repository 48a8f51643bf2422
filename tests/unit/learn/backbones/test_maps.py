from collections.abc import Callable

import pytest
import torch

from own_process import in_own_process
from reben.core.errors import BackboneError
from reben.learn.backbones.inputs import Inputs
from reben.learn.backbones.model import build_backbone_maps
from reben.learn.backbones.table import BACKBONES, find_backbone

SLOW = (
    "moco-resnet18-s2", "satlas-swint-s2-si", "softcon-vits14-s1", "reben-mobilevit_s-all", "croma-base-all",
    "dofa-base-s2", "panopticon-vitb14-s2", "copernicus-fm-base-s2", "swin_tiny_patch4_window7_224",
    "vit_small_patch16_dinov3",
)  # fmt: skip


def logits_and_gradients(name: str, side: int = 120) -> torch.Tensor:
    """Logits of two images; fails if a weight of the decoder got no gradient, or a patch is not seen whole."""
    row = find_backbone(name).for_maps()
    model = build_backbone_maps(row, classes=3)
    fed: list[torch.Tensor] = []
    model.inputs.register_forward_hook(lambda _module, _given, found: fed.append(found.requires_grad_()))
    logits = model(torch.rand(2, len(row.bands), side, side) * 1000)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.head.parameters())
    assert fed[0].grad is not None
    seen = fed[0].grad.abs().sum((0, 1)) > 0
    for border in (seen[:2], seen[-2:], seen[:, :2], seen[:, -2:]):  # DOFA's own convolution leaves one row out
        assert border.any()
    return logits.detach()


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_convnext"])
@pytest.mark.parametrize("side", [96, 120])
def test_every_pixel_of_the_patch_gets_logits(name: str, side: int):
    if (name, side) == ("test_vit", 96):
        pytest.skip("this network takes images of one size only, that of reBEN's patches")
    logits = logits_and_gradients(name, side)
    assert logits.shape == (2, 3, side, side)
    assert logits.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
@pytest.mark.usefixtures("torchgeo_models")
def test_networks_of_all_kinds(name: str):
    logits = in_own_process(logits_and_gradients, name)
    assert logits.shape == (2, 3, 120, 120)
    assert logits.isfinite().all()


def test_pixels_stay_in_their_places():
    row = find_backbone("test_resnet").for_maps()
    model = build_backbone_maps(row, classes=2).eval()
    images = torch.zeros(1, 10, 120, 120)
    images[..., 100:104, 20:24] = 5_000
    with torch.no_grad():
        change = (model(images) - model(images * 0)).abs().sum(1)[0]
    rows, columns = torch.meshgrid(torch.arange(120.0), torch.arange(120.0), indexing="ij")
    middle = (change * rows).sum() / change.sum(), (change * columns).sum() / change.sum()
    assert abs(middle[0] - 101.5) < 12
    assert abs(middle[1] - 21.5) < 12


def test_images_are_padded_by_their_borders(make_images: Callable[..., torch.Tensor]):
    row = find_backbone("test_resnet")
    images = make_images(row.bands)
    plain, padded = Inputs(row)(images), Inputs(row.for_maps())(images)
    assert padded.shape[-2:] == (128, 128)
    assert torch.equal(padded[..., 4:-4, 4:-4], plain)
    assert torch.equal(padded[..., :4, 4:-4], plain[..., :1, :].expand(-1, -1, 4, -1))


def test_no_part_of_a_patch_is_cropped():
    row = BACKBONES["moco-resnet18-s2"].for_maps()
    assert (row.resize_px, row.crop_px) == (224, None)


def test_statistics_of_bands_have_no_maps():
    with pytest.raises(BackboneError, match="cannot"):
        build_backbone_maps(BACKBONES["raw-s2"].for_maps(), classes=2)
