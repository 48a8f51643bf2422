"""`reben build`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import progress, stderr


class OnError(StrEnum):
    """What to do after an error."""

    stop = "stop"
    skip = "skip"


def build(
    l2a: Annotated[
        list[Path],
        typer.Option(help="Folder with L2A products (.SAFE or zipped). May be repeated.", show_default=False),
    ],
    clc: Annotated[Path, typer.Option(help="CORINE Land Cover 2018 (GeoPackage).", show_default=False)],
    output: Annotated[Path, typer.Option(help="Data set to make; must not exist.", show_default=False)],
    s1_dir: Annotated[Path | None, typer.Option(help="Sentinel-1 patches in the published layout.")] = None,
    s1_pairs: Annotated[Path | None, typer.Option(help="CSV without header: s2v1_name,s1_name.")] = None,
    v1_geometries: Annotated[
        Path | None, typer.Option(help="Keep only patches of v1, whose footprints are here.")
    ] = None,
    snow: Annotated[
        list[Path] | None, typer.Option(help="List of v1 names with seasonal snow. May be repeated.")
    ] = None,
    cloud: Annotated[list[Path] | None, typer.Option(help="List of v1 names with clouds. May be repeated.")] = None,
    countries: Annotated[
        str, typer.Option(help="reben, all, or a vector file; by default reben with --v1-geometries, else all.")
    ] = "",
    patch_size: Annotated[int, typer.Option(min=60, help="Side of a patch, in metres.")] = 1_200,
    min_labelled: Annotated[
        float, typer.Option(min=0, max=1, help="Share of labelled pixels that a patch needs.")
    ] = 0.75,
    p: Annotated[float, typer.Option("--p", help="Share of the test square in the tile's area.")] = 0.25,
    q: Annotated[float, typer.Option("--q", help="Share of the validation frame in the tile's area.")] = 0.25,
    keep_raw: Annotated[
        bool, typer.Option("--keep-raw", help="Keep digital numbers, without adding the processing offset.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Tiles that are built at a time (some 2 GB each).")] = 1,
    on_error: Annotated[OnError, typer.Option(help="Whether to go on with the next tile.")] = OnError.stop,
) -> None:
    """Build a data set from Sentinel-2 L2A products and CORINE Land Cover, with Sentinel-1 patches or without.

    A build that was stopped goes on where it was: give the same command again.
    """
    from reben.construct import build as construction
    from reben.construct.build import REPORT_FILE
    from reben.construct.inputs import BuildInputs
    from reben.io.processes import available_cpus

    inputs = BuildInputs(
        l2a=tuple(l2a),
        clc=clc,
        s1_dir=s1_dir,
        s1_pairs=s1_pairs,
        v1_geometries=v1_geometries,
        snow=tuple(snow or ()),
        cloud=tuple(cloud or ()),
        countries=countries,
        patch_size_m=patch_size,
        min_labelled=min_labelled,
        p=p,
        q=q,
        keep_raw=keep_raw,
    )
    settings = inputs.load()
    todo = construction.plan_build(l2a)
    for tile, reasons in todo.rejected.items():
        stderr.print(f"rejected: {tile}: {', '.join(reasons)}", markup=False)
    with progress("building") as start:
        result = construction.build(
            todo,
            settings,
            output,
            parameters=inputs.parameters(),
            workers=workers,
            threads=max(1, available_cpus() // workers),
            skip_errors=on_error is OnError.skip,
            progress=start(len(todo.tiles)),
        )
    for fate, count in result.patches.items():
        typer.echo(f"{count:>9,} {fate}")
    typer.echo(f"{output}: {len(todo.tiles) - len(result.failed)} tiles; see {output / REPORT_FILE}")
    for tile, message in result.failed.items():
        stderr.print(f"failed: {tile}: {message}", markup=False)
    if result.failed:
        raise typer.Exit(1)
