"""`reben build`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli.console import context, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.construct.options import BuildOptions

if TYPE_CHECKING:
    from reben.construct.build import BuildResult


@with_options_of(BuildOptions)
def build(
    l2a: Annotated[
        list[Path],
        typer.Option(
            help="Folder with L2A products (.SAFE or zipped), or file of STAC items. May be repeated.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option(help="Data set to create; must not exist.", show_default=False)],
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Build a data set from Sentinel-2 L2A products and CORINE Land Cover, with Sentinel-1 or without.

    A build that was interrupted is resumed by the same command.
    """
    from reben.construct.stage import build_dataset

    options = options_from(BuildOptions, **settings)
    _print_result(build_dataset(l2a, output, options, context()).result, output)


def _print_result(result: "BuildResult", output: Path) -> None:
    """Counts on standard output, failures on standard error; exit code 1 if there are any.

    Raises:
        Exit: if a tile failed.
    """
    from reben.io.dataset.paths import DatasetPaths

    for fate, count in result.report.patches.items():
        say(f"{count:>9,} {fate}")
    across = sum(overlap.across_splits for overlap in result.report.overlaps)
    if across:
        stderr.print(f"warning: {across:,} pairs of patches on common ground are in different splits", markup=False)
    say(f"{output}: {len(result.report.tiles)} tiles; see {DatasetPaths(output).summary}")
    for remark in result.remarks:
        stderr.print(f"note: {remark}", markup=False)
    for tile, message in result.failed.items():
        stderr.print(f"failed: {tile}: {message}", markup=False)
    if result.failed:
        raise typer.Exit(1)
