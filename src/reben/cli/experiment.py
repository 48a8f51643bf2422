"""`reben models`, `reben experiment` and `reben table`: the paper's experiments."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.commands import add_command
from reben.cli.console import needs_extra, say, stderr
from reben.cli.train import print_epoch

app = typer.Typer(
    help="Run the paper's experiments; finished runs are skipped, interrupted ones resumed.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Keep `paper` a command of its own while it is the only one."""


def models() -> None:
    """List the paper's models: parameters, input size, scores on all bands, published weights."""
    with needs_extra("learn"):
        from reben.learn.models.architectures import Architecture, build_model
        from reben.paper.models import PAPER_MODELS

    say("timm name                  parameters  input           AP macro: s1     s2    all  weights")
    for name, model in PAPER_MODELS.items():
        built = build_model(Architecture(name, channels=12, classes=19, image_size=120, dropout=0, drop_path=0))
        millions = sum(parameter.numel() for parameter in built.parameters()) / 1e6
        scores = "  ".join(f"{model.scores[bands].ap_macro:5.2f}" for bands in ("s1", "s2", "all"))
        say(f"{name:<26} {millions:>8.1f} M  12 x 120 x 120         {scores}  {model.weights('all')}")


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def paper(
    output: Annotated[Path, typer.Option(help="Folder of the run directories.", show_default=False)],
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    models: Annotated[str | None, typer.Option(help="timm names joined by commas; by default all eight.")] = None,
    bands: Annotated[str | None, typer.Option(help="Out of s1,s2,all; by default all three.")] = None,
    seeds: Annotated[str, typer.Option(help="Joined by commas.")] = "42,43,44",
    epochs: Annotated[int | None, typer.Option(min=1, help="Maximum number of epochs.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Patches per step, over all devices.")] = None,
    warmup_steps: Annotated[int | None, typer.Option(min=0, help="Steps of linear warm-up.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with further settings for all runs, as `reben train` takes them.")
    ] = None,
    workers: options.LoadingWorkers = None,
    devices: Annotated[int, typer.Option(min=1, help="GPUs that work on one run.")] = 1,
    index: Annotated[
        int | None,
        typer.Option(
            "--run",
            min=0,
            help="Number of a run in the list; only this one is done, as in an array of jobs.",
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show all runs and how far they are, and exit.")] = False,
) -> None:
    """Train and test every model of the paper with every modality and seed: 72 runs, one after the other.

    Finished runs are skipped, interrupted ones resumed, and several machines may share the folder.
    """
    with needs_extra("learn"):
        from reben.learn.training.hardware import Hardware
        from reben.learn.training.recipe_files import read_settings
        from reben.learn.training.run_directory import RunDirectory
        from reben.paper.experiment import plan_paper, run_experiment, state_of

    chosen = {
        "models": _listed(models),
        "modalities": _listed(bands),
        "seeds": _numbers(seeds),
    }
    changes = {"epochs": epochs, "batch_size": batch_size, "warmup_steps": warmup_steps}
    settings = (read_settings(config) if config is not None else {}) | _given(changes)
    plan = plan_paper(**_given(chosen), **settings)
    if listing:
        for number, planned in enumerate(plan):
            say(f"{number:>3}  {state_of(RunDirectory(output / planned.name)):<10}  {planned.name}")
        return
    found = options.inputs(data, store, metadata)
    if index is not None and index >= len(plan):
        raise typer.BadParameter(f"--run {index}: there are {len(plan)} runs, counted from 0")
    busy = 0
    for planned, state in run_experiment(
        plan if index is None else plan[index : index + 1],
        output,
        store=found.store,
        metadata=list(found.metadata),
        workers=workers,
        hardware=Hardware(devices=devices),
        report=stderr.print,
        report_epoch=print_epoch,
    ):
        busy += state == "busy"
        say(f"{state}: {planned.name}")
    if busy:
        stderr.print(f"{busy} runs are being worked on by other processes; look again with --list")


def _numbers(seeds: str) -> list[int]:
    """Seeds, joined by commas.

    Raises:
        BadParameter: if one is not a number.
    """
    try:
        return [int(seed) for seed in seeds.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--seeds {seeds}: expected whole numbers joined by commas, such as 42,43") from error


class TableFormat(StrEnum):
    """How a table is written."""

    markdown = "markdown"
    csv = "csv"
    latex = "latex"


def table(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, or folders of them.", show_default=False)],
    table_format: Annotated[TableFormat, typer.Option("--format", help="How to write it.")] = TableFormat.markdown,
    output: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
) -> None:
    """Make Table I of the paper from runs: mean and deviation over seeds, beside the paper's number, in percent.

    Models, bands and seeds are those of the runs; what was not tested is left out.
    """
    with needs_extra("learn"):
        from reben.paper import results
    from reben.work import atomic

    writers = {
        TableFormat.markdown: results.as_markdown,
        TableFormat.csv: results.as_csv,
        TableFormat.latex: results.as_latex,
    }
    text = writers[table_format](results.read_rows(runs))
    if output is None:
        say(text, nl=False)
    else:
        atomic.write_text(output, text)


add_command(app, "paper", paper, renamed={"--index": "--run"})
