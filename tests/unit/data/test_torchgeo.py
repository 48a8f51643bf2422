"""torchgeo's own trainers on a store of ours, in a process of its own: torchgeo is large."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from own_process import in_own_process
from reben.core.classes import CLC2018
from reben.io.dataset.paths import DatasetPaths

pytestmark = pytest.mark.slow

CLASSES = len(CLC2018.class_names)
TASKS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "ClassificationTask": (
        {"model": "resnet18", "task": "multilabel", "num_labels": CLASSES, "loss": "bce"},
        (4, CLASSES),
    ),
    "SemanticSegmentationTask": (
        {"backbone": "resnet18", "task": "multiclass", "num_classes": CLASSES, "ignore_index": -1},
        (4, CLASSES, 120, 120),
    ),
}
"""Trainers with their options, and the shape of a batch of predictions."""


def samples(store: Path, metadata: Path) -> dict[str, Any]:
    from torchgeo.datasets import NonGeoDataset  # noqa: PLC0415 - in the other process

    from reben.data.opening import open_dataset  # noqa: PLC0415
    from reben.data.torchgeo import NonGeoPatchDataset  # noqa: PLC0415

    labelled = NonGeoPatchDataset(store, "val", metadata=metadata, bands="s2")
    ours = open_dataset(store, metadata, split="validation", bands="s2")[0]
    masked = NonGeoPatchDataset(
        store,
        "test",
        masks=True,
        metadata=metadata,
        transforms=lambda sample: {**sample, "seen": 1},
    )
    with pytest.raises(ValueError, match="'training'"):
        NonGeoPatchDataset(store, "training", metadata=metadata)
    with pytest.raises(IndexError):
        labelled[len(labelled)]
    return {
        "is theirs": isinstance(labelled, NonGeoDataset),
        "keys": (sorted(labelled[0]), sorted(masked[0])),
        "shapes": (tuple(labelled[0]["image"].shape), tuple(masked[0]["mask"].shape), len(labelled.classes)),
        "is ours": bool(
            (labelled[0]["image"] == ours["image"]).all() and (labelled[0]["label"] == ours["label"]).all()
        ),
    }


def trained(task_name: str, options: dict[str, Any], store: Path, metadata: Path, folder: Path) -> dict[str, Any]:
    import lightning  # noqa: PLC0415 - in the other process
    import torch  # noqa: PLC0415
    import torchgeo.trainers  # noqa: PLC0415

    from reben.data.torchgeo import NonGeoPatchDataModule  # noqa: PLC0415

    lightning.seed_everything(0)
    task = getattr(torchgeo.trainers, task_name)(in_channels=12, lr=0.001, **options)
    masks = "ignore_index" in options
    data = NonGeoPatchDataModule(str(store), batch_size=4, masks=masks, metadata=str(metadata), bands="all")
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    trainer = lightning.Trainer(
        max_epochs=1, limit_train_batches=2, limit_val_batches=1, limit_test_batches=1, limit_predict_batches=1,
        accelerator="cpu", default_root_dir=folder, enable_progress_bar=False, enable_model_summary=False,
        log_every_n_steps=1,
    )  # fmt: skip
    trainer.fit(task, data)
    (scores,) = trainer.test(task, data, verbose=False)
    (predicted,) = trainer.predict(task, data)
    changed = any(not torch.equal(before[name], tensor) for name, tensor in task.model.state_dict().items())
    return {"changed": changed, "loss": scores["test_loss"], "shape": tuple(predicted.shape)}


def configured(page: Path, root: Path) -> tuple[int, ...]:
    """The shape of images that the configuration for TerraTorch gives, made as Lightning's command line makes it."""
    from jsonargparse import ArgumentParser  # noqa: PLC0415 - in the other process
    from lightning import LightningDataModule  # noqa: PLC0415

    settings = yaml.safe_load(page.read_text())["data"]
    settings["init_args"] |= {"root": str(root), "num_workers": 0}
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(LightningDataModule, "data")
    (data,) = vars(parser.instantiate_classes(parser.parse_object({"data": settings}))).values()
    data.setup("validate")
    return tuple(next(iter(data.val_dataloader()))["image"].shape[1:])


def everything(page: Path, root: Path, folder: Path) -> dict[str, Any]:
    store, metadata = root / "store", root / "metadata.parquet"
    return {
        "samples": samples(store, metadata),
        "configured": configured(page, root),
        **{name: trained(name, options, store, metadata, folder) for name, (options, _) in TASKS.items()},
    }


@pytest.fixture(scope="module")
def found(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one other process finds."""
    root = tmp_path_factory.mktemp("my-data")
    (root / "store").symlink_to(tiny_store)
    for table in tiny_dataset.tables:
        (root / table.name).symlink_to(table)
    page = Path(__file__).parents[3] / "docs" / "terratorch.yaml"
    return in_own_process(everything, page, root, tmp_path_factory.mktemp("runs"))


def test_samples_have_what_torchgeo_asks_for(found: dict[str, Any]):
    assert found["samples"] == {
        "is theirs": True,
        "keys": (["image", "label"], ["image", "mask", "seen"]),
        "shapes": ((10, 120, 120), (120, 120), CLASSES),
        "is ours": True,
    }


def test_the_configuration_for_terratorch_is_understood(found: dict[str, Any]):
    assert found["configured"] == (6, 120, 120)


@pytest.mark.parametrize("task", TASKS)
def test_a_trainer_of_torchgeo_trains(task: str, found: dict[str, Any]):
    assert found[task]["changed"]
    assert math.isfinite(found[task]["loss"])
    assert found[task]["shape"] == TASKS[task][1]
