"""`reben train`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import needs_extra, stderr

_INTERRUPTED = 130  # what shells give for Ctrl-C


def train(
    store: options.Store,
    metadata: options.Metadata,
    model: Annotated[str, typer.Option(help="timm name of the model, such as resnet50.", show_default=False)],
    output: Annotated[Path, typer.Option(help="Run directory to make.", show_default=False)],
    bands: Annotated[str, typer.Option(help="s1, s2, all, or band names joined by commas.")] = "all",
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the training set.")] = 100,
    batch_size: options.BatchSize = 512,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order, flips and dropout.")] = 42,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
    warmup_steps: Annotated[
        int, typer.Option(min=0, help="Steps of linear rise; at most half of all steps are used.")
    ] = 1000,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.")] = 0.01,
    dropout: Annotated[float, typer.Option(help="Before the classifier, 0 to 1.")] = 0.15,
    drop_path: Annotated[float, typer.Option(help="Stochastic depth, 0 to 1.")] = 0.15,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better validation macro AP, then stop.")] = 5,
    statistics: Annotated[
        Path | None,
        typer.Option(help="Means and standard deviations that `reben stats` wrote; else the published ones."),
    ] = None,
    shuffle_block: Annotated[
        int, typer.Option(min=1, help="Keep so many neighbours together in shuffling: for stores larger than memory.")
    ] = 1,
    snow_and_cloud: options.SnowAndCloud = False,
    workers: options.LoadingWorkers = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --output.")] = False,
) -> None:
    """Train a multi-label classifier with the paper's recipe; the best epoch's weights are kept."""
    with needs_extra("learn"):
        from reben.learn import training
        from reben.learn.recipe import make_recipe

    recipe = make_recipe(
        model=model,
        bands=bands,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        learning_rate=learning_rate,
        warmup_steps=warmup_steps,
        weight_decay=weight_decay,
        dropout=dropout,
        drop_path=drop_path,
        patience=patience,
        shuffle_block=shuffle_block,
        snow_and_cloud=snow_and_cloud,
    )
    try:
        result = training.train(
            recipe,
            store=store,
            metadata=metadata,
            output=output,
            statistics=statistics,
            workers=workers,
            resume=resume,
            show_progress=stderr.is_terminal,
            report=print_epoch,
        )
    except KeyboardInterrupt:
        stderr.print(f"interrupted; the same command with --resume goes on after the last finished epoch of {output}")
        raise typer.Exit(_INTERRUPTED) from None
    if result.epochs < recipe.epochs:
        stderr.print(f"stopped early: {patience} epochs without a better validation macro AP")
    typer.echo(f"{result.run}: best epoch {result.best_epoch}, validation macro AP {result.best_ap_macro:.4f}")


def print_epoch(row: dict[str, float]) -> None:
    """One line per epoch, on standard error."""
    stderr.print(
        f"epoch {row['epoch']:>3}  loss {row['train/loss']:.4f}  validation: loss {row['validation/loss']:.4f}  "
        f"macro AP {row['validation/ap_macro']:.4f}  micro AP {row['validation/ap_micro']:.4f}  "
        f"macro F1 {row['validation/f1_macro']:.4f}  micro F1 {row['validation/f1_micro']:.4f}  {row['seconds']:.1f} s"
    )
