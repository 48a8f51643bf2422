from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from reben.core.classes import CLC2018
from reben.core.errors import BandError, KeyNotFoundError, StoreError
from reben.data.dataset import Draw, PatchDataset, as_is
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.data.patches import Patches
from reben.data.sampling import ShuffledDraws
from reben.io.dataset_paths import DatasetPaths
from reben.io.geotiff import read_band
from reben.io.metadata import read_metadata
from reben.io.store import TensorSpec, create_store, header, open_store


@pytest.fixture
def patches(tiny_dataset: DatasetPaths) -> Patches:
    return Patches.from_metadata(read_metadata([tiny_dataset.metadata]))


@pytest.fixture
def dataset(tiny_store: Path, patches: Patches) -> PatchDataset:
    return PatchDataset(open_store(tiny_store), patches, "all", reference_maps=True)


def expected_image(paths: DatasetPaths, patches: Patches, number: int, bands: list[str]) -> np.ndarray:
    """Straight from the GeoTIFFs and the formula."""
    channels = []
    for band in bands:
        root, name = (
            (paths.s1, patches.s1_names[number].as_py())
            if band in ("VV", "VH")
            else (paths.s2, patches.ids[number].as_py())
        )
        pixels = read_band(next(root.glob(f"*/{name}/{name}_{band}.tif"))).astype(np.float64)
        fine = np.kron(pixels, np.ones((120 // len(pixels),) * 2))
        channels.append((fine - PUBLISHED_STATISTICS[band].mean) / PUBLISHED_STATISTICS[band].std)
    return np.stack(channels)


@pytest.mark.parametrize("bands", ["s1", "s2", "all", "B01,B09,VH", ["B12", "B02"]])
def test_images_are_upsampled_and_normalised_bands_in_order(
    tiny_store: Path, tiny_dataset: DatasetPaths, patches: Patches, bands: str | list[str]
):
    dataset = PatchDataset(open_store(tiny_store), patches, bands)
    names = [band.name for band in dataset.bands]
    for number in (0, len(dataset) - 1):
        image = dataset[number]["image"]
        assert image.dtype == torch.float32
        np.testing.assert_allclose(image, expected_image(tiny_dataset, patches, number, names), rtol=1e-5, atol=1e-5)


def test_a_batch_is_its_samples_stacked(dataset: PatchDataset):
    batch = dataset.__getitems__([4, 1, 2])
    samples = [dataset[4], dataset[1], dataset[2]]
    for name in ("image", "label", "mask"):
        assert torch.equal(batch[name], torch.stack([sample[name] for sample in samples]))
    assert batch["patch_id"] == [sample["patch_id"] for sample in samples]


@pytest.mark.parametrize(("horizontal", "axis_w"), [(True, [2]), (False, [])])
@pytest.mark.parametrize(("vertical", "axis_h"), [(True, [1]), (False, [])])
def test_flips_turn_image_and_mask_together(
    dataset: PatchDataset, horizontal: bool, vertical: bool, axis_w: list[int], axis_h: list[int]
):
    plain, flipped = dataset[3], dataset[Draw(3, horizontal, vertical)]
    assert torch.equal(flipped["image"], plain["image"].flip(axis_h + axis_w))
    assert torch.equal(flipped["mask"], plain["mask"].flip([axis - 1 for axis in axis_h + axis_w]))
    assert torch.equal(flipped["label"], plain["label"])


def test_labels_are_multi_hot_in_alphabetical_order(dataset: PatchDataset, tiny_dataset: DatasetPaths):
    rows = read_metadata([tiny_dataset.metadata]).to_pylist()
    for number, row in enumerate(rows):
        sample = dataset[number]
        assert sample["patch_id"] == row["patch_id"]
        assert sample["label"].dtype == torch.float32
        assert [CLC2018.class_names[i] for i in sample["label"].nonzero().ravel()] == row["labels"]


def test_masks_hold_class_indices(dataset: PatchDataset, tiny_dataset: DatasetPaths):
    sample = dataset[0]
    name = sample["patch_id"]
    codes = read_band(next(tiny_dataset.reference_maps.glob(f"*/{name}/{name}_reference_map.tif")))
    assert sample["mask"].dtype == torch.int64
    np.testing.assert_array_equal(sample["mask"], CLC2018.class_map(codes))
    labelled = sample["mask"].unique()
    assert torch.equal(labelled[labelled >= 0], sample["label"].nonzero().ravel())


@pytest.mark.parametrize("context", ["fork", "spawn", "forkserver"])
def test_worker_processes_give_the_same_batches(dataset: PatchDataset, context: str):
    def batches(**options: object) -> list[dict]:
        sampler = ShuffledDraws(len(dataset), seed=5)
        return list(DataLoader(dataset, batch_size=4, sampler=sampler, collate_fn=as_is, **options))

    alone = batches()
    beside = batches(num_workers=2, multiprocessing_context=context)
    assert len(alone) == len(beside) > 1
    for one, other in zip(alone, beside, strict=True):
        assert one["patch_id"] == other["patch_id"]
        assert torch.equal(one["image"], other["image"])
        assert torch.equal(one["mask"], other["mask"])


def test_batches_that_are_still_in_use_are_not_overwritten(dataset: PatchDataset):
    first = dataset.__getitems__([0, 1])["image"]
    view = first[1, 2]
    copy = view.clone()
    del first
    for _ in range(4):
        dataset.__getitems__([5, 6])
    assert torch.equal(view, copy)


def test_unknown_bands_are_refused(tiny_store: Path, patches: Patches):
    with pytest.raises(BandError, match="B10"):
        PatchDataset(open_store(tiny_store), patches, "B10")


def test_a_store_without_the_patch_or_the_band(patches: Patches, tmp_path: Path):
    head, _ = header((TensorSpec("B02", (120, 120), np.dtype("<u2")),))
    with create_store(tmp_path / "store") as store:
        store.write([(patches.ids[0].as_py(), head + bytes(28_800))])
    opened = open_store(tmp_path / "store")
    with pytest.raises(StoreError, match="has no tensor 'B03'"):
        PatchDataset(opened, patches, "B02,B03")[0]
    with pytest.raises(KeyNotFoundError, match=patches.ids[1].as_py()):
        PatchDataset(opened, patches, "B02")[1]


def test_bands_that_do_not_fit_together_are_named(patches: Patches, tmp_path: Path):
    head, _ = header((TensorSpec("B02", (120, 120), np.dtype("<u2")), TensorSpec("B05", (50, 50), np.dtype("<u2"))))
    with create_store(tmp_path / "store") as store:
        store.write([(patches.ids[0].as_py(), head + bytes(28_800 + 5_000))])
    with pytest.raises(BandError, match="50 x 50 pixels cannot be upsampled to 120 x 120"):
        PatchDataset(open_store(tmp_path / "store"), patches, "B02,B05")[0]
