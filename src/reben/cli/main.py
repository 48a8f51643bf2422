"""The `reben` command: its subcommands, and what it says when one fails."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from reben.cli import (
    audit,
    backbones,
    build,
    compare,
    correct,
    demo,
    doctor,
    download,
    embed,
    encode,
    evaluate,
    experiment,
    explore,
    export,
    figures,
    footprints,
    get,
    leaderboard,
    metadata,
    pipeline,
    plan,
    plot,
    predict,
    probe,
    publish,
    publish_data,
    release,
    retrieve,
    s1,
    search,
    show,
    split,
    stats,
    store,
    train,
    verify,
)
from reben.cli.commands import CONTEXT, add_command
from reben.cli.console import print_error, say
from reben.cli.failures import explained
from reben.version import __version__

app = typer.Typer(
    name="reben",
    help="Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)

_GET, _BUILD, _ENCODE = "Get and correct products", "Build and check data sets", "Encode and look into stores"
_TRAIN, _USE, _SHARE = "Train and evaluate", "Predict and retrieve", "Share"

add_command(app, "get", get.get, panel="Start here")
add_command(app, "demo", demo.demo, panel="Start here")
add_command(app, "doctor", doctor.doctor, panel="Start here")
add_command(app, "plan", plan.plan, panel=_GET)
add_command(app, "search", search.search, panel=_GET)
add_command(app, "download", download.download, panel=_GET)
add_command(app, "correct", correct.correct, panel=_GET)
add_command(app, "s1", s1.s1, panel=_GET)
add_command(app, "pipeline", pipeline.pipeline, panel=_GET)
add_command(app, "build", build.build, panel=_BUILD)
add_command(app, "split", split.split, panel=_BUILD)
add_command(app, "verify", verify.verify, panel=_BUILD)
add_command(app, "audit", audit.audit, panel=_BUILD)
add_command(app, "compare", compare.compare, panel=_BUILD)
add_command(app, "metadata", metadata.metadata, panel=_BUILD)
add_command(app, "footprints", footprints.footprints, panel=_BUILD)
app.add_typer(encode.app, name="encode", rich_help_panel=_ENCODE, context_settings=CONTEXT)
app.add_typer(store.app, name="store", rich_help_panel=_ENCODE, context_settings=CONTEXT)
add_command(app, "stats", stats.stats, panel=_ENCODE)
add_command(app, "explore", explore.explore, panel=_ENCODE)
add_command(app, "show", show.show, panel=_ENCODE)
add_command(app, "plot", plot.plot, panel=_ENCODE)
app.add_typer(figures.app, name="figures", rich_help_panel=_ENCODE, context_settings=CONTEXT)
add_command(app, "train", train.train, panel=_TRAIN)
add_command(app, "evaluate", evaluate.evaluate, panel=_TRAIN)
add_command(app, "models", experiment.models, panel=_TRAIN)
app.add_typer(experiment.app, name="experiment", rich_help_panel=_TRAIN, context_settings=CONTEXT)
add_command(app, "table", experiment.table, panel=_TRAIN)
add_command(app, "backbones", backbones.backbones, panel=_TRAIN)
add_command(app, "probe", probe.probe, panel=_TRAIN)
add_command(app, "leaderboard", leaderboard.leaderboard, panel=_TRAIN)
add_command(app, "predict", predict.predict, panel=_USE)
add_command(app, "embed", embed.embed, panel=_USE)
add_command(app, "retrieve", retrieve.retrieve, panel=_USE)
add_command(app, "evaluate-retrieval", retrieve.evaluate_retrieval, panel=_USE)
add_command(app, "export", export.export, panel=_SHARE, renamed={"--onnx": "--output"})
add_command(app, "publish", publish.publish, panel=_SHARE)
add_command(app, "release", release.release, panel=_SHARE)
add_command(app, "publish-data", publish_data.publish_data, panel=_SHARE)


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
    """Run the command line; errors that the user can mend end with exit code 1, a message and a hint.

    Raises:
        KeyboardInterrupt: if Ctrl-C ended it and the command has not said what that means.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    try:
        app()
    except SystemExit as ending:
        exit_ = ending.__context__
        if exit_ is not None and isinstance(exit_.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # typer makes an exit code of it, and says nothing
        raise
    except Exception as error:
        known = explained(error)
        if known is None:
            raise
        print_error(known)
        sys.exit(1)
