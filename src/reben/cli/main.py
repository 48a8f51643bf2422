"""The `reben` command: its subcommands, and what it says when one fails."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from reben.cli import (
    build,
    correct,
    demo,
    download,
    embed,
    encode,
    evaluate,
    experiment,
    export,
    pipeline,
    predict,
    publish,
    retrieve,
    search,
    split,
    stats,
    store,
    train,
    verify,
)
from reben.cli.console import print_error, say
from reben.cli.failures import explained
from reben.version import __version__

app = typer.Typer(
    name="reben",
    help="Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(encode.app, name="encode")
app.add_typer(store.app, name="store")
app.command("stats")(stats.stats)
app.command("pipeline")(pipeline.pipeline)
app.command("search")(search.search)
app.command("download")(download.download)
app.command("correct")(correct.correct)
app.command("build")(build.build)
app.command("split")(split.split)
app.command("verify")(verify.verify)
app.command("train")(train.train)
app.command("models")(experiment.models)
app.add_typer(experiment.app, name="experiment")
app.command("table")(experiment.table)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("embed")(embed.embed)
app.command("retrieve")(retrieve.retrieve)
app.command("evaluate-retrieval")(retrieve.evaluate_retrieval)
app.command("export")(export.export)
app.command("publish")(publish.publish)
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        say(f"reben {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line; errors that the user can mend end with exit code 1, a message and a hint."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    try:
        app()
    except Exception as error:
        known = explained(error)
        if known is None:
            raise
        print_error(known)
        sys.exit(1)
