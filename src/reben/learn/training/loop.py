"""Train a model: configuration, data, model, loop."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from reben.core.errors import RecipeError
from reben.data.datamodule import PatchDataModule
from reben.data.normalisation import PUBLISHED_STATISTICS, UNSCALED, BandStatistics, Statistics
from reben.data.patches import Patches
from reben.io.dataset.statistics import read_statistics
from reben.io.store import StorePlace
from reben.learn.backbones.row import Backbone
from reben.learn.backbones.table import find_backbone
from reben.learn.models.adapters import add_adapters
from reben.learn.models.architectures import Architecture, build_model, wants_maps
from reben.learn.models.backbone_weights import BackboneName, load_backbone, load_backbone_maps
from reben.learn.models.initial_weights import Start, copy_weights, find_start, pretrained_start
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from reben.learn.tasks import task_of
from reben.learn.tasks.task import Output
from reben.learn.training.augmentation import load_augmentation
from reben.learn.training.callbacks import EpochTable, KeepBest, SeedEpochs
from reben.learn.training.checkpoints import SafetensorsCheckpointIO
from reben.learn.training.hardware import Hardware, is_first_process
from reben.learn.training.module import PatchModule
from reben.learn.training.recipe import Recipe
from reben.learn.training.run_directory import RunDirectory
from reben.net.addresses import Address
from reben.work import atomic

_PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed"}
"""Lightning's names."""
_FEWEST_CLASSES = 2


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a run ended."""

    run: Path
    best_epoch: int
    """Counted from 0."""
    metric: str
    """By which epochs were compared."""
    best_score: float
    """Validation score of the best epoch, 0 to 1."""
    epochs: int
    """Epochs that were trained; fewer than asked for if training stopped early."""


def train(
    recipe: Recipe,
    *,
    store: StorePlace,
    metadata: list[Path],
    output: Path,
    statistics: Path | None = None,
    patches: Path | None = None,
    workers: int | None = None,
    hardware: Hardware = Hardware(),  # noqa: B008 - frozen
    resume: bool = False,
    show_progress: bool = False,
    report: Callable[[dict[str, float]], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train as the recipe says and keep the best epoch's weights in `output`.

    Several processes of one run all call this; the first one writes the files.

    Args:
        recipe: how to train.
        store: where the pixels are.
        metadata: metadata tables; their train and validation rows take part.
        output: run directory, see `reben.learn.training.run_directory`.
        statistics: means and standard deviations that `reben stats` wrote; None takes the published ones.
        patches: list of the patches that take part; None for all.
        workers: loading threads; 0 loads in this process; None chooses.
        hardware: on what to compute.
        resume: resume the run in `output`; one that is finished gives its result.
        show_progress: show a progress bar for every epoch.
        report: called with each epoch's row of `metrics.csv`.
        note: called with what a user should know before hours of training: weights, normalisation, odd sizes.

    Raises:
        RunError: if `output` holds a run that must not be touched, or none to resume; or if training diverges.
        TargetExistsError: if another process is writing `output`.
        KeyboardInterrupt: if the user stops the run; it can be resumed.
        RecipeError: if the model cannot be built, the batch cannot be shared among the processes, or GPUs are missing.
        MetadataError: if a table is wrong, has no row for a split, or does not fit the store.
        StoreError: if there is no store.
    """
    settings = {
        **recipe.model_dump(),
        "store": str(store.resolve() if isinstance(store, Path) else store),
        "metadata": [str(path.resolve()) for path in metadata],
        "statistics": None if statistics is None else str(statistics.resolve()),
    }
    if patches is not None:
        settings["patches"] = str(patches.resolve())
    run, first = RunDirectory(output), is_first_process()
    if resume and run.result.exists():
        run.expect_settings(settings)
        if first:
            run.remove_remains()
        return TrainingResult(run.path, **run.read_result())
    hardware.expect_available()
    hardware.expect_to_share(recipe.batch_size, recipe.accumulate)
    with atomic.locked(run.path) if first else nullcontext():
        if resume and first:
            run.expect_resumable(settings)
        lightning.seed_everything(recipe.seed, verbose=False)
        row = None if recipe.backbone is None else find_backbone(BackboneName.parse(recipe.backbone).backbone)
        data = PatchDataModule(
            store,
            metadata,
            transforms=None if recipe.augmentation is None else load_augmentation(recipe.augmentation),
            bands=recipe.bands if row is None else row.bands,
            batch_size=recipe.batch_size,
            parts=recipe.accumulate,
            workers=workers,
            seed=recipe.seed,
            shuffle_block=recipe.shuffle_block,
            snow_and_cloud=recipe.snow_and_cloud,
            reference_maps=task_of(recipe.task).needs_maps,
            target=recipe.target,
            patches=patches,
            statistics=_statistics(row, statistics),
        )
        _note_data(data, recipe, note)
        # An empty split or a misfit ends here, before anything is written.
        trained = _new_model(recipe, data, start=_start_of(recipe), note=note)
        if recipe.adapter_rank:
            _adapt(trained, recipe.adapter_rank, note=note)
        if first and resume:
            run.note_resumption()
        elif first:
            run.start(settings)
        metric = task_of(recipe.task).best_metric
        best = KeepBest(f"validation/{metric}", lambda: save_model(run.path, trained))
        epochs = _fit(run, recipe, data, trained, best, hardware=hardware, show_progress=show_progress, report=report)
        result = TrainingResult(run.path, best.best_epoch, metric, best.best_score, epochs)
        if first:
            run.finish(best_epoch=best.best_epoch, metric=metric, best_score=best.best_score, epochs=epochs)
    return result


def _statistics(row: Backbone | None, given: Path | None) -> Statistics:
    """Means and standard deviations that the loader normalises with; a backbone takes values as they are stored."""
    if row is not None:
        return dict.fromkeys(row.bands, UNSCALED)
    return PUBLISHED_STATISTICS if given is None else read_statistics(given)


def _start_of(recipe: Recipe) -> Start | None:
    """The weights that the recipe starts from; None for random ones.

    Raises:
        RecipeError: if there are no such weights.
        HubError: if they cannot be fetched.
    """
    if recipe.pretrained and recipe.model is not None:
        return pretrained_start(recipe.model)
    return None if recipe.init is None else find_start(recipe.init)


def _note_data(data: PatchDataModule, recipe: Recipe, note: Callable[[str], None]) -> None:
    """Say what is odd about the data."""
    patches = len(data.dataset("train"))
    if isinstance(data.store.path, Address):
        note(
            f"note: {data.store.path} is read over the line, which is slower than a disk; `reben get` fetches it first"
        )
    if patches < recipe.batch_size:
        note(f"note: {patches:,} training patches are fewer than --batch-size {recipe.batch_size}: one step per epoch")
    if recipe.snow_and_cloud and not data.has_snow_and_cloud:
        note(
            "warning: --snow-and-cloud has no effect, since no table lists a patch with snow, clouds or cloud shadows; "
            "give their table as a second --metadata"
        )


def _new_model(
    recipe: Recipe, data: PatchDataModule, *, start: Start | None, note: Callable[[str], None]
) -> TrainedModel:
    """A model that fits the images and classes of the data, with random weights or those to start from."""
    has_classes = task_of(recipe.task).has_classes
    if has_classes and len(data.classes) < _FEWEST_CLASSES:
        raise RecipeError(
            f"the legend has the class {data.classes[0]!r} only, and there is nothing to tell it from",
            hint="give other land cover a class of its own in the legend",
        )
    channels, side, _ = data.dataset("train").image_shape
    data.dataset("validation")
    if recipe.backbone is not None:
        return _tuned_backbone(recipe, data, side, note=note)
    name = _architecture_name(recipe, start)
    names = data.legend.class_names if has_classes else (str(recipe.target),)
    architecture = Architecture(
        timm_name=name,
        channels=channels,
        classes=len(names),
        image_size=side,
        dropout=recipe.dropout,
        drop_path=recipe.drop_path,
        task=recipe.task,
    )
    bands = tuple(band.name for band in data.bands)
    statistics = {band: BandStatistics(0, 1) for band in bands} if data.statistics is None else data.statistics
    model = build_model(architecture, pretrained=None if start is None else start.pretrained)
    scale = _scale_of(data.dataset("train").patches)
    trained = TrainedModel(model, architecture, bands, statistics, names, data.legend, scale)
    if start is not None:
        fitted = f"first layer fitted to {len(bands)} channels, last layer new"
        if start.source is not None:
            fitted = copy_weights(start.source, trained)
        note(f"starting from {start.description}: {fitted}")
    return trained


def _tuned_backbone(
    recipe: Recipe, data: PatchDataModule, side_px: int, *, note: Callable[[str], None]
) -> TrainedModel:
    """A backbone with its weights, and a new head for the classes of the data.

    Raises:
        RecipeError: if backbones have no head for the task.
        BackboneError: if there is no such backbone, or its weights cannot be used.
    """
    task, name = task_of(recipe.task), str(recipe.backbone)
    names = data.legend.class_names if task.has_classes else (str(recipe.target),)
    loaded = (
        load_backbone_maps(name, classes=len(names))
        if wants_maps(task.name, task.output_shape(len(names), side_px))
        else load_backbone(name, classes=len(names), dropout=recipe.dropout)
    )
    for module in loaded.model.head.modules():
        reset: Callable[[], None] | None = getattr(module, "reset_parameters", None)
        if reset is not None:
            reset()  # by the recipe's seed
    row = loaded.model.row
    architecture = Architecture(
        timm_name=row.architecture,
        channels=len(row.bands),
        classes=len(names),
        image_size=side_px,
        dropout=recipe.dropout,
        drop_path=0.0,
        task=recipe.task,
        backbone=row.name,
    )
    note(f"starting from {loaded.name}: {row.title}; {'decoder' if task.output is Output.maps else 'last layer'} new")
    scale = _scale_of(data.dataset("train").patches)
    statistics = dict.fromkeys(row.bands, UNSCALED)
    return TrainedModel(loaded.model.train(), architecture, row.bands, statistics, names, data.legend, scale)


def _adapt(trained: TrainedModel, rank: int, *, note: Callable[[str], None]) -> None:
    """Give a model adapters.

    Raises:
        MissingExtraError: if peft is not installed.
        RecipeError: if it has no layer for them.
    """
    side = trained.architecture.image_size
    layers = add_adapters(trained.model, rank, torch.zeros(1, trained.architecture.channels, side, side))
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in trained.model.parameters()]
    learnt, total = sum(size for size, is_learnt in sizes if is_learnt), sum(size for size, _ in sizes)
    note(f"adapters of rank {rank} beside {len(layers)} layers: {learnt:,} of {total:,} weights are trained")


def _scale_of(patches: Patches) -> BandStatistics:
    """Mean and standard deviation of the training patches' numbers, if regression learns numbers of the tables.

    Raises:
        RecipeError: if all of them are the same.
    """
    if patches.targets is None:
        return UNSCALED
    mean, std = float(patches.targets.mean(dtype=np.float64)), float(patches.targets.std(dtype=np.float64))
    if not std:
        raise RecipeError(
            f"the target is {mean:g} for every training patch, and there is nothing to learn",
            hint="give another --target, or other tables",
        )
    return BandStatistics(mean, std)


def _architecture_name(recipe: Recipe, start: Start | None) -> str:
    """Timm name of the model, without the tag of weights.

    Raises:
        RecipeError: if the weights to start from are of another architecture.
    """
    if start is None:
        return str(recipe.model).partition(".")[0]
    given = (recipe.model or start.timm_name).partition(".")[0]
    if given != start.timm_name:
        raise RecipeError(
            f"model = {given}: the weights to start from are of {start.timm_name}",
            hint="leave --model out, or start from weights of that architecture",
        )
    return given


def _fit(
    run: RunDirectory,
    recipe: Recipe,
    data: PatchDataModule,
    trained: TrainedModel,
    best: KeepBest,
    *,
    hardware: Hardware,
    show_progress: bool,
    report: Callable[[dict[str, float]], None],
) -> int:
    """Train from the start, or from the run's checkpoint if it has one; the number of epochs that were trained.

    Raises:
        KeyboardInterrupt: if the user stops the run.
    """
    weights, task = None, task_of(recipe.task)
    if recipe.class_weights == "balanced":
        weights = torch.from_numpy(task.balanced_weights(data.dataset("train").patches.labels)).float()
    module = PatchModule(trained.model, recipe, trained.architecture.classes, weights, trained.scale)
    if torch.cuda.is_available() and hardware.accelerator != "cpu":
        torch.set_float32_matmul_precision(recipe.matmul_precision)
    callbacks: list[Callback] = [
        best,
        EpochTable(run.metrics, tuple(task.metrics), report),
        SeedEpochs(recipe.seed),
        EarlyStopping(f"validation/{task.best_metric}", mode="max", patience=recipe.patience),
        _SafetensorsCheckpoint(
            run.checkpoint.parent,
            filename=run.checkpoint.stem,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    if recipe.channels_last:
        trained.model.to(memory_format=torch.channels_last)
    if recipe.compile:
        trained.model.compile()
    with _quiet():
        trainer = lightning.Trainer(
            accelerator=hardware.accelerator,
            devices=hardware.devices,
            num_nodes=hardware.nodes,
            strategy=hardware.strategy,
            precision=_PRECISIONS[recipe.precision],  # type: ignore[arg-type]  # a literal of many
            accumulate_grad_batches=recipe.accumulate,
            use_distributed_sampler=False,  # the loader shares the patches
            deterministic="warn" if torch.cuda.is_available() else None,
            max_epochs=recipe.epochs,
            callbacks=[*callbacks, RichProgressBar(leave=False)] if show_progress else callbacks,
            logger=TensorBoardLogger(run.path, name="tensorboard", version=""),
            plugins=[SafetensorsCheckpointIO()],
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            enable_progress_bar=show_progress,
            enable_model_summary=False,
        )
        resume_from = run.checkpoint if run.checkpoint.exists() else None
        try:
            trainer.fit(module, datamodule=data, ckpt_path=resume_from)
        except SystemExit as error:  # Lightning's answer to Ctrl-C
            raise KeyboardInterrupt from error
    return trainer.current_epoch


class _SafetensorsCheckpoint(ModelCheckpoint):
    """Names checkpoints after what they are."""

    FILE_EXTENSION = ".safetensors"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's advice and its own deprecations from the user; warnings of substance pass."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")
            warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
            yield
    finally:
        logger.setLevel(level)
