"""`reben leaderboard`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import needs_extra, say


def leaderboard(
    results: Annotated[list[Path], typer.Argument(help="Files that `reben probe --json` wrote.", show_default=False)],
    output: Annotated[Path, typer.Option(help="Folder to write into.", show_default=False)],
    others: Annotated[
        Path | None,
        typer.Option(
            help="CSV file with scores that others report, shown apart: model, metric, value (0 to 1), source.",
            show_default=False,
        ),
    ] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples of whole tiles for 95 % intervals.")] = 1000,
) -> None:
    """Compare results of the same patches: scores and paired differences, with intervals by tile.

    Writes Markdown, CSV, LaTeX and an HTML page. Results of other patches or labels are refused.
    """
    with needs_extra("learn"):
        from reben.benchmark import tables
        from reben.benchmark.leaderboard import write_leaderboard

    found = write_leaderboard(results, output, others=others, resamples=bootstrap)
    for setting in found.settings:
        say(tables.setting_title(setting))
        for entry in found.of(setting):
            score = tables.shown(entry.score("ap_macro"), entry.interval("ap_macro"), entry.spread("ap_macro"))
            say(f"  {entry.name}\tmacro AP {score}")
    say(f"{output / 'leaderboard.html'}")
