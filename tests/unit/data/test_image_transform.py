"""Images made on a device equal those of the compiled kernels, bit for bit."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from reben.data.dataset import FlippedIndex, PatchDataset
from reben.data.image_transform import ImageTransform, flip
from reben.data.images import image_of
from reben.data.kernels import fill_images
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics, normalisation
from reben.data.patches import Patches
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store

FLIPS = list(itertools.product((False, True), repeat=2))


@pytest.mark.parametrize("bands", ["s1", "s2", "all", "B09,VH,B05,B02"])
def test_native_batches_become_the_same_images(tiny_store: Path, tiny_dataset: DatasetPaths, bands: str):
    patches = Patches.from_metadata(read_metadata([tiny_dataset.metadata]))
    dataset = PatchDataset(open_store(tiny_store), patches, bands, reference_maps=True)
    indices = [FlippedIndex(number, *flips) for number, flips in enumerate(FLIPS)]
    images, native = dataset.batch(indices), dataset.native_batch(indices)
    prepared = ImageTransform(dataset.layouts, dataset.bands, PUBLISHED_STATISTICS)(native)
    assert torch.equal(prepared, images["image"])
    for name in ("label", "mask"):
        assert torch.equal(native[name], images[name])
    assert native["patch_id"] == images["patch_id"]
    assert {name for name in native if name.startswith("s")} <= {"s1", "s2"}


@pytest.mark.parametrize("bands", ["s1", "s2", "all", "B09,VH,B05,B02", "B01", "B05,B8A"])
@pytest.mark.parametrize("statistics", [PUBLISHED_STATISTICS, None], ids=["published", "none"])
def test_images_are_those_of_the_definition(
    tiny_store: Path, tiny_dataset: DatasetPaths, bands: str, statistics: Statistics | None
):
    """The compiled kernels, and torch on the CPU."""
    store, patches = open_store(tiny_store), Patches.from_metadata(read_metadata([tiny_dataset.metadata]))
    dataset = PatchDataset(store, patches, bands, statistics=statistics)
    names = [band.name for band in dataset.bands]
    numbers = list(range(0, len(dataset), 5))
    expected = []
    for number in numbers:
        values = store[patches.ids[number].as_py()] | store[patches.s1_names[number].as_py()]
        expected.append(image_of([values[n] for n in names], normalisation(names, statistics), side_px=120))
    compiled = dataset.batch(numbers)["image"]
    prepared = ImageTransform(dataset.layouts, dataset.bands, statistics)(dataset.native_batch(numbers))
    np.testing.assert_array_equal(compiled.numpy(), np.stack(expected))
    np.testing.assert_array_equal(prepared.numpy(), np.stack(expected))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_images_of_a_gpu_are_nearly_the_same(tiny_store: Path, tiny_dataset: DatasetPaths):
    patches = Patches.from_metadata(read_metadata([tiny_dataset.metadata]))
    dataset = PatchDataset(open_store(tiny_store), patches, pinned=True)
    native = {k: v.cuda() for k, v in dataset.native_batch([0, 1, 2]).items() if isinstance(v, torch.Tensor)}
    prepared = ImageTransform(dataset.layouts, dataset.bands).cuda()(native)
    torch.testing.assert_close(prepared.cpu(), dataset.batch([0, 1, 2])["image"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("side", [12, 6, 4, 1])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_kernels_follow_the_formula(side: int, dtype: type):
    raw = np.random.default_rng(side).integers(0, 60_000, (4, side * side)).astype(dtype)
    images = np.full((4, 2, 12, 12), np.nan, np.float32)
    addresses = np.array([row.__array_interface__["data"][0] for row in raw])
    mean, scale = np.array([500.5], np.float32), np.array([0.01], np.float32)
    place = (np.array([0]), np.array([side]), np.array([1]))
    fill_images(addresses, np.empty(0, dtype), *place, mean, scale, np.array(FLIPS), images)
    for image, pixels, (horizontal, vertical) in zip(images, raw, FLIPS, strict=True):
        fine = np.kron(pixels.reshape(side, side), np.ones((12 // side,) * 2)).astype(np.float32)
        expected = (fine - mean) * scale
        np.testing.assert_array_equal(image[1], expected[:: -1 if vertical else 1, :: -1 if horizontal else 1])
        assert np.isnan(image[0]).all()


def test_masks_can_be_flipped_too():
    masks = torch.arange(2 * 3 * 3).view(2, 3, 3)
    flipped = flip(masks, torch.tensor([(True, False), (False, True)]))
    assert torch.equal(flipped[0], masks[0].flip(1))
    assert torch.equal(flipped[1], masks[1].flip(0))
