"""The `reben` command."""

import signal
import sys
from concurrent.futures import BrokenExecutor
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
from reben.cli.console import print_error
from reben.core.errors import RebenError
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
        typer.echo(f"reben {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; errors that the user can mend end with exit code 1, a message and a hint."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except RebenError as error:
        print_error(error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print_error(
            RebenError(f"{place}{error.strerror or error}", hint="check the path, its permissions and the disk")
        )
    except BrokenExecutor as error:
        print_error(
            RebenError(f"a worker process died ({error})", hint="it may have run out of memory; try fewer --workers")
        )
    except UnicodeError as error:
        print_error(RebenError(f"a name is no valid UTF-8 ({error})", hint="rename the file or folder"))
    else:
        return
    sys.exit(1)


def _terminate(number: int, _frame: object) -> None:
    """End as Ctrl-C does, so that temporary files are removed."""
    sys.exit(128 + number)
