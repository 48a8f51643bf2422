"""The main job on a synthetic area: generate, correct, build, encode, label patches, map pixels, draw."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reben.construct.options import BuildOptions
from reben.construct.stage import build_dataset
from reben.core.grid import TileExtent
from reben.correct.correction import choose_l1c
from reben.correct.sixs.engine import SixsEngine
from reben.demo.area import EXTENT, blocks_in
from reben.demo.inputs import RawInputs, write_raw_inputs
from reben.demo.l1c import NEIGHBOURS_M
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.io.dataset.paths import DatasetPaths
from reben.learn.inference.evaluation import evaluate_test_split
from reben.learn.inference.label_files import LabelTable, write_labels
from reben.learn.inference.prediction import PatchInputs, predict
from reben.learn.models.weights import load_model
from reben.learn.retrieval.features import embed
from reben.learn.retrieval.options import EmbedOptions
from reben.learn.scores import thresholds
from reben.learn.scores.multilabel import Scores
from reben.learn.scores.segmentation import SegmentationScores
from reben.learn.training.loop import train
from reben.learn.training.recipe import Recipe
from reben.publish.example import draw_example
from reben.work import atomic
from reben.work.processes import available_cpus
from reben.work.progress import Begin

RECIPE = Recipe(
    model="resnet18", bands="all", epochs=10, batch_size=16, warmup_steps=16, dropout=0.0, drop_path=0.0, seed=0
)
"""The paper's recipe, cut down to some 190 training patches and two minutes."""

PREDICTIONS_FILE, EMBEDDINGS_FILE = "predictions.parquet", "embeddings.parquet"
"""What the explorer shows beside the data."""

SEGMENTATION_RECIPE = RECIPE.model_copy(update={"task": "segmentation", "epochs": 6})

Progress = Callable[[str], AbstractContextManager[Begin]]
"""A progress bar for a stage: see `reben.cli.console.progress`."""


@contextmanager
def _no_progress(_description: str) -> Iterator[Begin]:
    yield lambda _total: lambda _advance: None


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made."""

    scores: Scores
    """Of the classifier on the test split."""
    map_scores: SegmentationScores
    """Of the segmentation model on the test split."""
    picture: Path
    """PNG with some test patches, true and predicted labels and maps."""


def run_demo(
    output: Path,
    *,
    progress: Progress,
    report_stage: Callable[[str], None],
    report_epoch: Callable[[dict[str, float]], None],
    recipe: Recipe = RECIPE,
    segmentation_recipe: Recipe = SEGMENTATION_RECIPE,
    extent: TileExtent = EXTENT,
) -> DemoResult:
    """Run the whole main job in `output`.

    Args:
        output: folder to make.
        progress: shows the progress of a stage.
        report_stage: called with what begins.
        report_epoch: called with each epoch of the training.
        recipe: how to train the classifier.
        segmentation_recipe: how to train the segmentation model.
        extent: where the area lies; a multiple of 3 km wide.

    Raises:
        TargetExistsError: if there is something at `output`.
    """
    atomic.expect_free(output)
    store, dataset = make_data(output, extent=extent, progress=progress, report_stage=report_stage)
    data = DatasetPaths(dataset)

    report_stage(f"5/7  training {recipe.model} to label patches, {recipe.epochs} epochs, and testing it")
    scores = _train_and_test(recipe, output / "run", store, data, report_epoch)

    report_stage(
        f"6/7  training a U-Net over {segmentation_recipe.model} to map pixels, {segmentation_recipe.epochs} epochs, "
        "and testing it"
    )
    map_scores = _train_and_test(segmentation_recipe, output / "segmentation-run", store, data, report_epoch)

    report_stage(
        "7/7  drawing test patches with true and predicted labels and maps, and predicting all for the explorer"
    )
    picture = output / "test_patches.png"
    draw_example(
        picture,
        output / "run",
        maps=output / "segmentation-run",
        store=store,
        metadata=[data.metadata],
        title=f"Synthetic test patches: macro AP {scores.ap_macro:.2f} (chance {scores.chance_ap_macro:.2f}), "
        f"mean IoU {map_scores.mean_iou:.2f}",
        batch_size=recipe.batch_size,
    )
    _say_of_all(output, store, data, recipe.batch_size)
    return DemoResult(scores, map_scores, picture)


def make_data(
    output: Path,
    *,
    extent: TileExtent = EXTENT,
    progress: Progress = _no_progress,
    report_stage: Callable[[str], None] = lambda _: None,
) -> tuple[Path, Path]:
    """Generate products, correct them, build a data set and encode it: the first four stages.

    Args:
        output: folder for all of it.
        extent: where the area lies; a multiple of 3 km wide.
        progress: shows the progress of a stage.
        report_stage: called with what begins.

    Returns:
        the store and the data set.

    Raises:
        TargetExistsError: if they exist already.
    """
    report_stage("1/7  generating a Sentinel-2 L1C product (.SAFE), Sentinel-1 scenes and land-cover polygons")
    with progress("generating") as begin:
        raw = write_raw_inputs(
            output / "raw", extent=extent, workers=available_cpus(), progress=begin(blocks_in(extent))
        )

    report_stage("2/7  correcting it to L2A, as reben correct --engine 6s does")
    l2a = output / "L2A"
    for product in choose_l1c([raw.l1c]).products:
        SixsEngine(threads=available_cpus(), adjacency_m=NEIGHBOURS_M).correct(product, l2a)

    report_stage("3/7  building a data set from them, as reben build does")
    data = _build(raw, l2a, output / "dataset")

    report_stage("4/7  encoding it as an LMDB+safetensors store")
    plan = plan_encoding(sources(s2=data.s2, s1=data.s1, reference_maps=data.reference_maps))
    with progress("encoding") as begin:
        encode(plan, data.store, progress=begin(len(plan.samples)))
    store = output / "store"
    store.symlink_to(data.store.relative_to(output))  # where demos of before had it
    return store, data.root


def _train_and_test(
    recipe: Recipe, run: Path, store: Path, data: DatasetPaths, report_epoch: Callable[[dict[str, float]], None]
) -> Any:  # noqa: ANN401 - scores of the recipe's task
    """Train a model, and measure its best epoch on the test split."""
    train(recipe, store=store, metadata=[data.metadata], output=run, report=report_epoch)
    return evaluate_test_split(run, store=store, metadata=[data.metadata])


def _say_of_all(output: Path, store: Path, data: DatasetPaths, batch_size: int) -> None:
    """Write what the classifier says of all patches, and their embeddings, for the explorer."""
    trained = load_model(output / "run")
    found = predict(trained, PatchInputs(store, data.tables, batch_size=batch_size))
    labels = LabelTable(found.patch_ids, trained.class_names, found.probabilities, thresholds.DEFAULT)
    write_labels(output / PREDICTIONS_FILE, labels)
    embed(
        output / "run",
        store=store,
        metadata=list(data.tables),
        output=output / EMBEDDINGS_FILE,
        options=EmbedOptions(batch_size=batch_size, snow_and_cloud=True),
    )


def _build(raw: RawInputs, l2a: Path, target: Path) -> DatasetPaths:
    """A data set of a new area: no v1, Sentinel-1 from scenes."""
    options = BuildOptions(clc=raw.land_cover, s1_scenes=raw.s1_scenes, countries=str(raw.countries))
    build_dataset([l2a], target, options)
    return DatasetPaths(target)
