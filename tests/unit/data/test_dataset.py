import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Subset
from torchmetrics.classification import MultilabelAveragePrecision

from reben.core.classes import CLC2018
from reben.core.errors import BandError, KeyNotFoundError, SampleError, StoreError
from reben.data.dataset import FlippedIndex, PatchDataset
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.data.patches import Patches
from reben.data.sampling import ShuffledIndices
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import TensorSpec, create_store, header, open_store
from reben.io.tiff.geotiff import read_band


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
    batch = dataset.batch([4, 1, 2])
    samples = [dataset[4], dataset[1], dataset[2]]
    for name in ("image", "label", "mask"):
        assert torch.equal(batch[name], torch.stack([sample[name] for sample in samples]))
    assert batch["patch_id"] == [sample["patch_id"] for sample in samples]


@pytest.mark.parametrize(("horizontal", "axis_w"), [(True, [2]), (False, [])])
@pytest.mark.parametrize(("vertical", "axis_h"), [(True, [1]), (False, [])])
def test_flips_turn_image_and_mask_together(
    dataset: PatchDataset, horizontal: bool, vertical: bool, axis_w: list[int], axis_h: list[int]
):
    plain, flipped = dataset[3], dataset[FlippedIndex(3, horizontal, vertical)]
    assert torch.equal(flipped["image"], plain["image"].flip(axis_h + axis_w))
    assert torch.equal(flipped["mask"], plain["mask"].flip([axis - 1 for axis in axis_h + axis_w]))
    assert torch.equal(flipped["label"], plain["label"])


def test_labels_are_multi_hot_in_alphabetical_order(dataset: PatchDataset, tiny_dataset: DatasetPaths):
    rows = read_metadata([tiny_dataset.metadata]).to_pylist()
    for number, row in enumerate(rows):
        sample = dataset[number]
        assert sample["patch_id"] == row["patch_id"]
        assert sample["label"].dtype == torch.int64
        assert [CLC2018.class_names[i] for i in sample["label"].nonzero().ravel()] == row["labels"]


def test_masks_hold_class_indices(dataset: PatchDataset, tiny_dataset: DatasetPaths):
    sample = dataset[0]
    name = sample["patch_id"]
    codes = read_band(next(tiny_dataset.reference_maps.glob(f"*/{name}/{name}_reference_map.tif")))
    assert sample["mask"].dtype == torch.int64
    np.testing.assert_array_equal(sample["mask"], CLC2018.class_map(codes))
    labelled = sample["mask"].unique()
    assert torch.equal(labelled[labelled >= 0], sample["label"].nonzero().ravel())


@pytest.mark.parametrize(
    "context",
    ["fork", pytest.param("spawn", marks=pytest.mark.slow), pytest.param("forkserver", marks=pytest.mark.slow)],
)
def test_worker_processes_give_the_same_batches(dataset: PatchDataset, context: str):
    def batches(**options: object) -> list[dict]:
        sampler = ShuffledIndices(len(dataset), seed=5)
        return list(DataLoader(dataset, batch_size=4, sampler=sampler, **options))

    alone = batches()
    beside = batches(num_workers=2, multiprocessing_context=context)
    assert len(alone) == len(beside) > 1
    for one, other in zip(alone, beside, strict=True):
        assert one["patch_id"] == other["patch_id"]
        assert torch.equal(one["image"], other["image"])
        assert torch.equal(one["mask"], other["mask"])


def test_batches_that_are_still_in_use_are_not_overwritten(dataset: PatchDataset):
    first = dataset.batch([0, 1])["image"]
    view = first[1, 2]
    copy = view.clone()
    del first
    for _ in range(4):
        dataset.batch([5, 6])
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


def test_a_plain_loader_and_a_subset_give_what_the_fast_way_gives(dataset: PatchDataset):
    whole = dataset.batch(range(len(dataset)))
    for plain in (dataset, Subset(dataset, range(len(dataset)))):
        batches = list(DataLoader(plain, batch_size=4))
        for name in ("image", "label", "mask"):
            assert torch.equal(torch.cat([batch[name] for batch in batches]), whole[name])
        assert [patch_id for batch in batches for patch_id in batch["patch_id"]] == whole["patch_id"]


def test_own_collating_gets_a_list_of_samples(dataset: PatchDataset):
    (batch,) = DataLoader(dataset[:3], batch_size=3, collate_fn=list)
    assert [sample["patch_id"] for sample in batch] == dataset.patches.ids[:3].to_pylist()
    assert batch[0]["image"].shape == (12, 120, 120)


@pytest.mark.parametrize("kind", [int, np.int64, torch.tensor])
def test_indices_count_from_either_end(dataset: PatchDataset, kind: type):
    last = len(dataset) - 1
    assert dataset[kind(-1)]["patch_id"] == dataset[kind(last)]["patch_id"] == dataset.patches.ids[last].as_py()
    for beyond in (len(dataset), -len(dataset) - 1):
        with pytest.raises(IndexError, match=f"index {beyond} is out of range: the data set has {len(dataset)}"):
            dataset[kind(beyond)]


@pytest.mark.parametrize("none", [[], np.arange(0)])
@pytest.mark.parametrize("transforms", [None, dict])
def test_no_patches_are_no_samples_and_no_batch(dataset: PatchDataset, none: list[int], transforms: type | None):
    dataset = dataset.of(dataset.patches)
    dataset.transforms = transforms
    assert dataset.__getitems__(none) == []
    with pytest.raises(IndexError, match="a batch needs at least one patch"):
        dataset.batch(none)
    assert dataset.batch(np.arange(2))["image"].shape == (2, 12, 120, 120)


def test_an_index_that_is_none_is_refused(dataset: PatchDataset):
    with pytest.raises(TypeError):
        dataset["S2A"]
    with pytest.raises(TypeError):
        dataset[1.5]


@pytest.mark.parametrize("chosen", [slice(0, 3), slice(None, None, -2), slice(-2, None), slice(5, 5)])
def test_a_slice_is_a_data_set_of_these_patches(dataset: PatchDataset, chosen: slice):
    part = dataset[chosen]
    assert part.patches.ids.to_pylist() == dataset.patches.ids.to_pylist()[chosen]
    for sample, number in zip(part, range(len(dataset))[chosen], strict=True):
        assert torch.equal(sample["image"], dataset[number]["image"])
        assert torch.equal(sample["mask"], dataset[number]["mask"])
        assert torch.equal(sample["label"], dataset[number]["label"])


def test_transforms_are_given_samples_in_every_way_of_loading(tiny_store: Path, patches: Patches):
    def darker(sample: dict) -> dict:
        assert sample["image"].shape == (2, 120, 120)
        return {**sample, "image": sample["image"] - 100, "seen": True}

    plain = PatchDataset(open_store(tiny_store), patches, "s1")
    changed = PatchDataset(open_store(tiny_store), patches, "s1", transforms=darker)
    expected = plain.batch([0, 1, 2])["image"] - 100
    assert torch.equal(changed.batch([0, 1, 2])["image"], expected)
    assert torch.equal(next(iter(DataLoader(changed, batch_size=3)))["image"], expected)
    assert torch.equal(changed[0]["image"], expected[0])
    assert torch.equal(changed[1:3].batch([0, 1])["image"], expected[1:])
    assert changed[0]["seen"] is True


def test_labels_are_what_multi_label_metrics_take(dataset: PatchDataset):
    batch = next(iter(DataLoader(dataset, batch_size=4)))
    metric = MultilabelAveragePrecision(num_labels=len(dataset.classes), average="micro")
    metric.update(torch.rand(4, 19), batch["label"])
    assert metric.compute().isfinite()


def test_a_data_set_describes_itself_in_a_line(tiny_store: Path, tiny_dataset: DatasetPaths, dataset: PatchDataset):
    assert repr(dataset) == f"PatchDataset({len(dataset)} patches, all splits, bands all, reference maps)"
    rows = read_metadata([tiny_dataset.metadata])
    few = PatchDataset(open_store(tiny_store), Patches.from_metadata(rows, split="test"), "B12,b02")
    assert repr(few) == f"PatchDataset({len(few)} patches, test, bands B12,B02)"
    html = few._repr_html_()
    counts = few.patches.labels.sum(axis=0)
    for name, count in zip(few.classes, counts, strict=True):
        assert re.search(rf">{re.escape(name)}</th>.*?</span> {count}</span></td>", html)


def test_transforms_without_return_are_named(tiny_store: Path, patches: Patches):
    forgetful = PatchDataset(open_store(tiny_store), patches, "s1", transforms=lambda _: None)
    for use in (lambda: forgetful[0], lambda: forgetful.batch([0, 1])):
        with pytest.raises(SampleError, match="returned NoneType; expected the sample"):
            use()
