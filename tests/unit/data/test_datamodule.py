import shutil
from pathlib import Path

import lightning
import pytest
import torch
from safetensors.numpy import load, save

from reben.core.errors import MetadataError, StoreError
from reben.data.datamodule import PatchDataModule
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.training.module import PatchModule
from reben.learn.training.recipe import make_recipe


def module(store: Path, dataset: DatasetPaths, **options: object) -> PatchDataModule:
    tables = [dataset.metadata, dataset.snow_and_cloud_metadata]
    return PatchDataModule(store, tables, **{"batch_size": 4, "workers": 0, **options})


def ids(loader: object) -> list[str]:
    return [patch_id for batch in loader for patch_id in batch["patch_id"]]


def test_each_loader_gives_its_split_once(tiny_store: Path, tiny_dataset: DatasetPaths):
    data = module(tiny_store, tiny_dataset)
    rows = read_metadata([tiny_dataset.metadata]).to_pylist()
    for split, loader in (
        ("train", data.train_dataloader()),
        ("validation", data.val_dataloader()),
        ("test", data.test_dataloader()),
    ):
        assert sorted(ids(loader)) == [row["patch_id"] for row in rows if row["split"] == split]


def test_only_training_is_shuffled_and_flipped(tiny_store: Path, tiny_dataset: DatasetPaths):
    data = module(tiny_store, tiny_dataset)
    assert ids(data.val_dataloader()) == data.dataset("validation").patches.ids.to_pylist()
    assert ids(data.train_dataloader()) != data.dataset("train").patches.ids.to_pylist()


def test_snowy_and_cloudy_patches_take_part_only_if_asked_for(tiny_store: Path, tiny_dataset: DatasetPaths):
    cloudy = read_metadata([tiny_dataset.snow_and_cloud_metadata]).to_pylist()
    assert cloudy
    for split in {row["split"] for row in cloudy}:
        few = module(tiny_store, tiny_dataset).dataset(split)
        all_ = module(tiny_store, tiny_dataset, snow_and_cloud=True).dataset(split)
        assert len(all_) == len(few) + sum(row["split"] == split for row in cloudy)


def test_a_last_training_batch_of_one_patch_is_left_out(tiny_store: Path, tiny_dataset: DatasetPaths):
    patches = len(module(tiny_store, tiny_dataset).dataset("train"))
    sizes = {
        size: [len(b["patch_id"]) for b in module(tiny_store, tiny_dataset, batch_size=size).train_dataloader()]
        for size in (patches - 1, patches - 2)
    }
    assert sizes == {patches - 1: [patches - 1], patches - 2: [patches - 2, 2]}


def test_masks_on_request(tiny_store: Path, tiny_dataset: DatasetPaths):
    batch = next(iter(module(tiny_store, tiny_dataset, reference_maps=True).test_dataloader()))
    assert batch["mask"].shape == (4, 120, 120)
    assert batch["mask"].dtype == torch.int64


def test_worker_processes_give_the_same(tiny_store: Path, tiny_dataset: DatasetPaths):
    alone, beside = (module(tiny_store, tiny_dataset, workers=n).test_dataloader() for n in (0, 2))
    for one, other in zip(alone, beside, strict=True):
        assert torch.equal(one["image"], other["image"])


def test_workers_are_chosen_to_fit_the_machine(tiny_store: Path, tiny_dataset: DatasetPaths, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert module(tiny_store, tiny_dataset, workers=None).workers == 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert module(tiny_store, tiny_dataset, workers=None).workers == 8


def test_an_empty_split_is_an_error(tiny_store: Path, tiny_dataset: DatasetPaths):
    data = PatchDataModule(tiny_store, tiny_dataset.snow_and_cloud_metadata)
    with pytest.raises(MetadataError, match="no patch for the test split"):
        data.dataset("test")


def test_a_missing_store_is_an_error(tmp_path: Path, tiny_dataset: DatasetPaths):
    with pytest.raises(StoreError, match="is not a store"):
        PatchDataModule(tmp_path, tiny_dataset.metadata)


def test_native_batches_of_all_splits_have_one_layout(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    """Values of another converter may have other tensors; images must not depend on which loader came last."""
    first, store = module(tiny_store, tiny_dataset), open_store(tiny_store)
    validation = set(first.dataset("validation").patches.ids.to_pylist())
    with create_store(tmp_path / "store") as writer:
        for key in store:
            tensors = load(store.raw(key))
            if key in validation:
                del tensors["B01"]
            writer.write([(key, save(tensors))])
    native = module(tmp_path / "store", tiny_dataset, native=True)
    training, validating = native.train_dataloader(), native.val_dataloader()
    for loader, expected in ((training, first.train_dataloader()), (validating, first.val_dataloader())):
        for batch, other in zip(loader, expected, strict=True):
            assert torch.equal(native.prepared(batch)["image"], other["image"])


def test_a_trainer_predicts_a_split(tiny_store: Path, tiny_dataset: DatasetPaths):
    data = module(tiny_store, tiny_dataset)
    recipe = make_recipe(model="test_resnet")
    network = build_model(Architecture("test_resnet", 12, 19, 120, 0.0, 0.0))
    trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    found = trainer.predict(PatchModule(network, recipe, 19), datamodule=data)
    assert [name for batch in found for name in batch["patch_id"]] == data.dataset("test").patches.ids.to_pylist()
    predictions = torch.cat([batch["prediction"] for batch in found])
    assert predictions.shape == (len(data.dataset("test")), 19)
    assert data.classes == data.legend.class_names


def test_all_patches_may_be_predicted_and_a_folder_names_all(
    tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    (tmp_path / "store").symlink_to(tiny_store)
    shutil.copy(tiny_dataset.metadata, tmp_path)
    data = PatchDataModule(tmp_path, batch_size=4, workers=0, predict_split=None)
    assert ids(data.predict_dataloader()) == read_metadata(tiny_dataset.metadata)["patch_id"].to_pylist()


def test_transforms_are_for_training_only(tiny_store: Path, tiny_dataset: DatasetPaths):
    data = module(tiny_store, tiny_dataset, transforms=lambda sample: {**sample, "image": sample["image"] * 0})
    assert all(batch["image"].abs().max() == 0 for batch in data.train_dataloader())
    assert all(batch["image"].abs().max() > 0 for batch in data.val_dataloader())
    assert {"global_batch_size", "label", "patch_id"} <= next(iter(data.train_dataloader())).keys()
