"""The main job on the synthetic data set: generate, encode, train, evaluate, predict, draw."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reben.core.bands import BANDS
from reben.demo.dataset import places_on_tile, write_dataset
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan
from reben.io import atomic
from reben.io.dataset_paths import DatasetPaths
from reben.io.metadata import read_metadata
from reben.io.processes import available_cpus
from reben.io.store import Store, open_store
from reben.learn.evaluation import evaluate
from reben.learn.metrics import Scores
from reben.learn.prediction import Predictions, predict
from reben.learn.recipe import Recipe
from reben.learn.training import train
from reben.report.patches import LabelledPatch, draw_patches

RECIPE = Recipe(
    model="resnet18", bands="all", epochs=10, batch_size=16, warmup_steps=16, dropout=0.0, drop_path=0.0, seed=0
)
"""The paper's recipe, cut down to some 250 training patches and two minutes."""

_SHOWN = 8
_THRESHOLD = 0.5

Progress = Callable[[str], AbstractContextManager[Callable[[int], Callable[[int], None]]]]
"""A progress bar for a stage: see `reben.cli.console.progress`."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made."""

    scores: Scores
    """On the test split."""
    picture: Path
    """PNG with some test patches, true and predicted labels."""


def run_demo(
    output: Path,
    *,
    progress: Progress,
    report_stage: Callable[[str], None],
    report_epoch: Callable[[dict[str, float]], None],
    recipe: Recipe = RECIPE,
    step: int = 4,
) -> DemoResult:
    """Run the whole main job in `output`.

    Args:
        output: folder to make.
        progress: shows the progress of a stage.
        report_stage: is told what begins.
        report_epoch: is told of each epoch of the training.
        recipe: how to train.
        step: every how many-th place of the tile becomes a patch.

    Raises:
        TargetExistsError: if there is something at `output`.
    """
    atomic.expect_free(output)
    report_stage("1/5  generating a synthetic data set in the published layout")
    with progress("generating") as begin:
        data = write_dataset(
            output / "dataset", step=step, workers=available_cpus(), progress=begin(places_on_tile(step))
        )

    report_stage("2/5  encoding it as an LMDB+safetensors store")
    todo = plan(sources(s2=data.s2, s1=data.s1, reference_maps=data.reference_maps))
    store = output / "store"
    with progress("encoding") as begin:
        encode(todo, store, progress=begin(len(todo.samples)))

    report_stage(f"3/5  training {recipe.model} for {recipe.epochs} epochs")
    run = output / "run"
    train(recipe, store=store, metadata=[data.metadata], output=run, report=report_epoch)

    report_stage("4/5  evaluating the best epoch on the test split")
    scores = evaluate(run, store=store, metadata=[data.metadata], split="test", batch_size=recipe.batch_size)

    report_stage("5/5  drawing test patches with true and predicted labels")
    predictions = predict(
        run,
        store=store,
        metadata=[data.metadata],
        patch_ids=_some_test_patches(data),
        batch_size=recipe.batch_size,
    )
    picture = output / "test_patches.png"
    title = (
        f"Synthetic test patches: {recipe.model}, macro AP {scores.ap_macro:.2f} (chance {scores.chance_ap_macro:.2f})"
    )
    draw_patches(picture, _labelled(predictions, open_store(store)), title=title)
    return DemoResult(scores, picture)


def _some_test_patches(data: DatasetPaths) -> list[str]:
    """Test patches spread evenly over the tile."""
    table = read_metadata(data.metadata)
    ids = [row["patch_id"] for row in table.select(["patch_id", "split"]).to_pylist() if row["split"] == "test"]
    return [ids[i] for i in np.unique(np.linspace(0, len(ids) - 1, min(_SHOWN, len(ids))).astype(int))]


def _labelled(predictions: Predictions, store: Store) -> list[LabelledPatch]:
    """What the picture needs of each patch."""
    names = np.array(predictions.class_names)
    red, green, blue = (BANDS[name].name for name in ("B04", "B03", "B02"))
    return [
        LabelledPatch(
            patch_id,
            np.stack(store.tensors(patch_id, (red, green, blue)), axis=-1),
            true=frozenset(names[labels > 0].tolist()),
            predicted=frozenset(names[probabilities >= _THRESHOLD].tolist()),
        )
        for patch_id, labels, probabilities in zip(
            predictions.patch_ids, predictions.labels, predictions.probabilities, strict=True
        )
    ]
