"""`reben train`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from reben.cli import options
from reben.cli.console import is_watched, needs_extra, say, stderr
from reben.cli.evaluate import print_scores
from reben.cli.from_model import separated, with_options_of
from reben.learn.tasks import TASKS, task_of
from reben.learn.training.options import TrainOptions
from reben.learn.training.recipe import Recipe

_INTERRUPTED = 130  # what shells give for Ctrl-C
_VALIDATION = "validation/"


@with_options_of(Recipe, panel="Recipe", may_switch_off=True)
@with_options_of(TrainOptions)
def train(
    output: Annotated[Path, typer.Option(help="Run directory to create.", show_default=False)],
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    statistics: Annotated[
        Path | None,
        typer.Option(
            help="Means and standard deviations that `reben stats` wrote; by default those of the data folder, or the "
            "published ones.",
            rich_help_panel=options.DATA_PANEL,
        ),
    ] = None,
    recipe: Annotated[
        Literal["paper", "plain"],
        typer.Option(help="Recipe that supplies the settings not given here; plain is the paper's in full precision."),
    ] = "paper",
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file with settings, named as the options below with _ for -.", show_default=False),
    ] = None,
    test: Annotated[bool, typer.Option(help="Evaluate the best epoch on the test split at the end.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the unfinished run in --output.")] = False,
    **settings: Any,  # noqa: ANN401 - an option for each field of both models
) -> None:
    """Train a model with the paper's recipe; the best epoch's weights are kept.

    Settings come from the recipe, then from --config, then from the options.
    """
    from reben.learn.training.recipe_files import compose_recipe

    work, settings = separated(TrainOptions, settings)
    composed = compose_recipe(recipe, config, **settings)
    found = options.inputs(data, store, metadata)
    chosen = statistics or found.statistics
    options.expect_readable(found, composed.bands if composed.backbone is None else None)  # before seconds of imports
    with needs_extra("learn"):
        from reben.learn.inference.evaluation import evaluate_test_split
        from reben.learn.training import loop as training
        from reben.learn.training.hardware import Hardware, is_first_process
        from reben.learn.training.run_directory import RunDirectory

    tables = list(found.metadata)
    try:
        result = training.train(
            composed,
            store=found.store,
            metadata=tables,
            output=output,
            statistics=chosen,
            patches=work.patches,
            workers=work.workers,
            hardware=Hardware(accelerator=work.accelerator, devices=work.devices, nodes=work.nodes),
            resume=resume,
            show_progress=is_watched(),
            report=print_epoch,
            note=_print_note,
        )
        scores = None
        if test:
            scores = evaluate_test_split(
                result.run, store=found.store, metadata=tables, workers=work.workers, patches=work.patches
            )
    except KeyboardInterrupt:
        rest = "with the test" if RunDirectory(output).lacks_test else "after the last finished epoch"
        stderr.print(f"interrupted; the same command with --resume resumes {rest} of {output}")
        raise typer.Exit(_INTERRUPTED) from None
    if not is_first_process():
        return
    metric = task_of(composed.task).metrics[result.metric].short
    if result.epochs < composed.epochs:
        stderr.print(f"stopped early: {composed.patience} epochs without a better validation {metric}")
    say(f"{result.run}: best epoch {result.best_epoch}, validation {metric} {result.best_score:.4f}")
    if scores is not None:
        print_scores(scores, "test")


def _print_note(text: str) -> None:
    stderr.print(text, markup=False)


def print_epoch(row: dict[str, Any]) -> None:
    """One line per epoch, on standard error."""
    scores = {name.removeprefix(_VALIDATION): value for name, value in row.items() if name.startswith(_VALIDATION)}
    titles = next(task.metrics for task in TASKS.values() if task.metrics.keys() <= scores.keys())
    stderr.print(
        f"epoch {row['epoch']:>3}  loss {row['train/loss']:.4f}  validation: loss {scores['loss']:.4f}  "
        + "  ".join(f"{metric.short} {scores[name]:.4f}" for name, metric in titles.items())
        + f"  {row['seconds']:.1f} s, {row['patches_per_s']:,.0f} patches/s, {row['waiting_share']:.0%} waiting"
    )
