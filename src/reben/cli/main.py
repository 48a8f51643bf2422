"""The `reben` command: its help, its version, and what it says when a command fails."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from reben.cli.lazy import CONTEXT, LazyGroup
from reben.version import __version__

app = typer.Typer(
    name="reben",
    cls=LazyGroup,
    help="Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        from reben.cli.console import say

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
        from reben.cli.console import print_error
        from reben.cli.failures import explained

        known = explained(error)
        if known is None:
            raise
        print_error(known)
        sys.exit(1)
