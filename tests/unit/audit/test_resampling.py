import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from reben.audit.resampling import Method, block_size, enlarge, recover

SMALL = np.random.default_rng(0).integers(1, 5000, (60, 60)).astype(np.uint16)


def of_torch(**options: object) -> np.ndarray:
    large = interpolate(torch.from_numpy(SMALL.astype(np.float32))[None, None], size=(120, 120), **options)
    return large[0, 0].numpy()


def of_pillow(method: int) -> np.ndarray:
    return np.asarray(Image.fromarray(SMALL.astype(np.float32)).resize((120, 120), method))


LARGE = {
    "torch, nearest": (of_torch(mode="nearest"), Method.nearest),
    "torch, bilinear": (of_torch(mode="bilinear", align_corners=False), Method.bilinear),
    "torch, aligned corners": (of_torch(mode="bilinear", align_corners=True), Method.bilinear_corners),
    "torch, bicubic": (of_torch(mode="bicubic", align_corners=False), Method.bicubic_torch),
    "Pillow, bilinear": (of_pillow(Image.Resampling.BILINEAR), Method.bilinear),
    "Pillow, bicubic": (of_pillow(Image.Resampling.BICUBIC), Method.bicubic),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_libraries_enlarge_is_recovered_and_its_method_named(name: str):
    large, method = LARGE[name]
    found = recover(large, 60)
    assert found is not None
    assert found[1] is method
    np.testing.assert_allclose(found[0], SMALL, atol=0.2)


@pytest.mark.parametrize("name", LARGE)
def test_rounding_to_whole_numbers_hides_no_method(name: str):
    large, method = LARGE[name]
    found = recover(np.rint(large).astype(np.int32), 60)
    assert found is not None
    assert found[1] is method
    assert np.abs(found[0] - SMALL).max() <= 2


def test_our_own_enlargement_is_that_of_torch():
    np.testing.assert_allclose(enlarge(SMALL, 2, Method.bicubic_torch), LARGE["torch, bicubic"][0], atol=0.01)


def test_an_image_with_detail_of_its_own_was_not_enlarged():
    detailed = np.random.default_rng(1).integers(1, 5000, (120, 120)).astype(np.uint16)
    assert recover(detailed, 60) is None
    assert recover(detailed, 50) is None
    assert recover(detailed, 120) == (detailed, None)


def test_pixels_that_are_no_numbers_are_not_taken_for_an_interpolation():
    large = LARGE["torch, bilinear"][0].copy()
    large[3, 3] = np.nan
    assert recover(large, 60) is None


def test_blocks_of_equal_pixels():
    assert block_size(SMALL) == 1
    assert block_size(SMALL.repeat(2, 0).repeat(2, 1)) == 2
    assert block_size(SMALL[:20, :20].repeat(6, 0).repeat(6, 1)) == 6
    assert block_size(np.zeros((60, 60))) == 1
