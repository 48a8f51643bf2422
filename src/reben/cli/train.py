"""`reben train`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import needs_extra, say, stderr
from reben.cli.evaluate import print_scores

_INTERRUPTED = 130  # what shells give for Ctrl-C
_RECIPE = "Recipe"
_METRICS = {
    "ap_macro": "macro AP",
    "ap_micro": "micro AP",
    "f1_macro": "macro F1",
    "f1_micro": "micro F1",
    "mean_iou": "mean IoU",
    "pixel_accuracy": "pixel accuracy",
}


class Task(StrEnum):
    """What a model learns."""

    classification = "classification"
    segmentation = "segmentation"


class Precision(StrEnum):
    """Of the arithmetic."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Accelerator(StrEnum):
    """On what to compute."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


def train(
    context: typer.Context,
    store: options.Store,
    metadata: options.Metadata,
    output: Annotated[Path, typer.Option(help="Run directory to make.", show_default=False)],
    recipe: Annotated[str, typer.Option(help="Where settings come from that are not given.")] = "paper",
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file with settings, named as the options below with _ for -.", show_default=False),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="timm name of the model or backbone, such as resnet50.", rich_help_panel=_RECIPE)
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option(help="Labels of patches, or a class per pixel by a U-Net.", rich_help_panel=_RECIPE),
    ] = None,
    bands: Annotated[
        str | None, typer.Option(help="s1, s2, all, or band names joined by commas.", rich_help_panel=_RECIPE)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Most passes over the training set.", rich_help_panel=_RECIPE)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Patches per step, over all devices.", rich_help_panel=_RECIPE)
    ] = None,
    accumulate: Annotated[
        int | None,
        typer.Option(help="Compute a batch in so many parts, where it does not fit at once.", rich_help_panel=_RECIPE),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, order, flips and dropout.", rich_help_panel=_RECIPE)
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest learning rate.", rich_help_panel=_RECIPE)] = None,
    warmup_steps: Annotated[
        int | None,
        typer.Option(help="Steps of linear rise; at most half of all steps are used.", rich_help_panel=_RECIPE),
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of AdamW.", rich_help_panel=_RECIPE)] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Before the classifier, 0 to 1.", rich_help_panel=_RECIPE)
    ] = None,
    drop_path: Annotated[float | None, typer.Option(help="Stochastic depth, 0 to 1.", rich_help_panel=_RECIPE)] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Epochs without a better validation score, then stop.", rich_help_panel=_RECIPE),
    ] = None,
    shuffle_block: Annotated[
        int | None,
        typer.Option(
            help="Keep so many neighbours together in shuffling: for stores larger than memory.",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    snow_and_cloud: Annotated[
        bool | None,
        typer.Option(help="Keep patches with seasonal snow, clouds or cloud shadows.", rich_help_panel=_RECIPE),
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Of the arithmetic; bfloat16 is faster on GPUs.", rich_help_panel=_RECIPE)
    ] = None,
    channels_last: Annotated[
        bool | None, typer.Option(help="Memory order that suits convolutions on GPUs.", rich_help_panel=_RECIPE)
    ] = None,
    compile_model: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="Use torch.compile.", rich_help_panel=_RECIPE)
    ] = None,
    statistics: Annotated[
        Path | None,
        typer.Option(help="Means and standard deviations that `reben stats` wrote; else the published ones."),
    ] = None,
    workers: options.LoadingWorkers = None,
    accelerator: Annotated[Accelerator, typer.Option(help="On what to compute.")] = Accelerator.auto,
    devices: Annotated[int, typer.Option(min=1, help="GPUs per machine; processes with --accelerator cpu.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
    test: Annotated[bool, typer.Option(help="Evaluate the best epoch on the test split at the end.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --output.")] = False,
) -> None:
    """Train a model with the paper's recipe; the best epoch's weights are kept.

    Settings come from the recipe, then from --config, then from the options; the recipe `paper` has bands all, epochs
    100, batch size 512, learning rate 0.001, 1000 warm-up steps, weight decay 0.01, dropout and drop path 0.15,
    patience 5, seed 42.
    """
    with needs_extra("learn"):
        from reben.learn.inference.evaluation import evaluate_test_split
        from reben.learn.training import loop as training
        from reben.learn.training.hardware import Hardware, is_first_process
        from reben.learn.training.recipe import Recipe
        from reben.learn.training.recipe_files import compose_recipe
        from reben.learn.training.run_directory import RunDirectory

    given = {name: value for name, value in context.params.items() if name in Recipe.model_fields}
    settings = compose_recipe(recipe, config, **given, compile=compile_model)
    try:
        result = training.train(
            settings,
            store=store,
            metadata=metadata,
            output=output,
            statistics=statistics,
            workers=workers,
            hardware=Hardware(accelerator.value, devices, nodes),
            resume=resume,
            show_progress=stderr.is_terminal,
            report=print_epoch,
        )
        scores = evaluate_test_split(result.run, store=store, metadata=metadata, workers=workers) if test else None
    except KeyboardInterrupt:
        rest = "with the test" if RunDirectory(output).lacks_test else "after the last finished epoch"
        stderr.print(f"interrupted; the same command with --resume goes on {rest} of {output}")
        raise typer.Exit(_INTERRUPTED) from None
    if not is_first_process():
        return
    if result.epochs < settings.epochs:
        stderr.print(f"stopped early: {settings.patience} epochs without a better validation {_METRICS[result.metric]}")
    say(f"{result.run}: best epoch {result.best_epoch}, validation {_METRICS[result.metric]} {result.best_score:.4f}")
    if scores is not None:
        print_scores(scores, "test")


def print_epoch(row: dict[str, Any]) -> None:
    """One line per epoch, on standard error."""
    metrics = {name: row[f"validation/{name}"] for name in _METRICS if f"validation/{name}" in row}
    stderr.print(
        f"epoch {row['epoch']:>3}  loss {row['train/loss']:.4f}  validation: loss {row['validation/loss']:.4f}  "
        + "  ".join(f"{_METRICS[name]} {value:.4f}" for name, value in metrics.items())
        + f"  {row['seconds']:.1f} s, {row['waiting_share']:.0%} waiting"
    )
