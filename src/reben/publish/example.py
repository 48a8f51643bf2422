"""A picture of some patches with true and predicted labels, as an example of what a model does."""

from pathlib import Path

import numpy as np

from reben.core.errors import MetadataError
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.io.store import Store, StorePlace, open_store
from reben.learn.inference.prediction import PatchInputs, PredictedMap, Predictions, predict, predict_maps
from reben.learn.models.weights import load_model
from reben.learn.scores import thresholds
from reben.learn.tasks.task import Output
from reben.pictures.patches import LabelledPatch, draw_patches
from reben.pictures.rendering import rgb_of, spread

_SHOWN, _SHOWN_WITH_MAPS = 8, 4


def draw_example(
    target: Path,
    checkpoint: Path,
    *,
    store: StorePlace,
    metadata: list[Path],
    title: str,
    maps: Path | None = None,
    batch_size: int = 32,
) -> None:
    """Write a PNG with test patches spread evenly over the tables.

    Args:
        target: PNG file to write.
        checkpoint: run directory.
        store: where the pixels are.
        metadata: metadata tables.
        title: above all.
        maps: run directory of a model whose maps are shown beside the labels. If `checkpoint` is one
            itself, its maps are shown alone.
        batch_size: patches per step.

    Raises:
        RunError: if there is no model in `checkpoint`.
        MetadataError: if a table is wrong, has no test patch, or does not fit the store.
        StoreError: if there is no store, or it lacks the bands of a true-colour image.
    """
    trained = load_model(checkpoint)
    alone = trained.task.output is Output.maps
    ids = _some_test_patches(metadata, _SHOWN if maps is None and not alone else _SHOWN_WITH_MAPS)
    inputs = PatchInputs(store, metadata, ids, batch_size=batch_size)
    opened, legend = open_store(store), legend_of_tables(metadata)
    if alone:
        patches = [_mapped(found, opened) for found in predict_maps(trained, inputs, truth=True)]
    else:
        found = [] if maps is None else list(predict_maps(load_model(maps), inputs, truth=True))
        patches = _labelled(predict(trained, inputs), opened, found)
    draw_patches(target, patches, title=title, legend=legend)


def _mapped(found: PredictedMap, store: Store) -> LabelledPatch:
    """A patch with its maps and no labels."""
    maps = None if found.truth is None else (found.truth, found.classes)
    return LabelledPatch(found.patch_id, rgb_of(found.patch_id, store[found.patch_id]), frozenset(), frozenset(), maps)


def _some_test_patches(metadata: list[Path], count: int) -> list[str]:
    """Test patches spread evenly over the tables.

    Raises:
        MetadataError: if there is none.
    """
    table = read_metadata(metadata, legend=legend_of_tables(metadata))
    ids = [row["patch_id"] for row in table.select(["patch_id", "split"]).to_pylist() if row["split"] == "test"]
    if not ids:
        raise MetadataError("the metadata tables have no test patch to draw", hint="give the tables that list some")
    return spread(ids, count)


def _labelled(predictions: Predictions, store: Store, maps: list[PredictedMap]) -> list[LabelledPatch]:
    """What the picture needs of each patch."""
    map_of = {found.patch_id: (found.truth, found.classes) for found in maps if found.truth is not None}
    names = np.array(predictions.class_names)
    return [
        LabelledPatch(
            patch_id,
            rgb_of(patch_id, store[patch_id]),
            true=frozenset(names[labels > 0].tolist()),
            predicted=frozenset(names[probabilities >= thresholds.DEFAULT].tolist()),
            maps=map_of.get(patch_id),
        )
        for patch_id, labels, probabilities in zip(
            predictions.patch_ids, predictions.labels, predictions.probabilities, strict=True
        )
    ]
