"""`reben build`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import executor_of, print_left_out, progress, say, stderr
from reben.cli.options import OnError

if TYPE_CHECKING:
    from reben.construct.build import BuildResult

_INPUTS, _RULES, _WORK = "Inputs", "Rules", "Work"


class Unpaired(StrEnum):
    """What to do with patches without a Sentinel-1 partner."""

    drop = "drop"
    keep = "keep"


class OutputFormat(StrEnum):
    """How patches are written."""

    geotiff = "geotiff"
    store = "store"


def build(
    l2a: Annotated[
        list[Path],
        typer.Option(help="Folder with L2A products (.SAFE or zipped). May be repeated.", show_default=False),
    ],
    clc: Annotated[
        Path,
        typer.Option(
            "--land-cover",
            help="Land-cover polygons: CORINE Land Cover 2018 (GeoPackage), or any others with --legend.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option(help="Data set to create; must not exist.", show_default=False)],
    legend: Annotated[
        Path | None,
        typer.Option(help="Legend of other polygons (TOML): code, class, colour.", rich_help_panel=_INPUTS),
    ] = None,
    s1_scenes: Annotated[
        Path | None,
        typer.Option(help="Folder with geocoded Sentinel-1 scenes: VV and VH, any CRS.", rich_help_panel=_INPUTS),
    ] = None,
    s1_unit: options.S1Unit = None,
    s1_dir: Annotated[
        Path | None,
        typer.Option(help="Sentinel-1 patches in the published layout, with --s1-pairs.", rich_help_panel=_INPUTS),
    ] = None,
    s1_pairs: Annotated[
        Path | None, typer.Option(help="CSV without header: s2v1_name,s1_name.", rich_help_panel=_INPUTS)
    ] = None,
    v1_geometries: Annotated[
        Path | None,
        typer.Option(help="Keep only patches of v1, whose footprints are here.", rich_help_panel=_INPUTS),
    ] = None,
    snow: Annotated[
        list[Path] | None,
        typer.Option(
            "--snow-list", help="List of v1 names with seasonal snow. May be repeated.", rich_help_panel=_INPUTS
        ),
    ] = None,
    cloud: Annotated[
        list[Path] | None,
        typer.Option("--cloud-list", help="List of v1 names with clouds. May be repeated.", rich_help_panel=_INPUTS),
    ] = None,
    countries: Annotated[
        str,
        typer.Option(
            help="reben, all, or a vector file; by default reben with --v1-geometries, else all.",
            rich_help_panel=_INPUTS,
        ),
    ] = "",
    patch_size: Annotated[int, typer.Option(min=60, help="Side of a patch, in metres.", rich_help_panel=_RULES)] = 1200,
    min_labelled: Annotated[
        float,
        typer.Option(
            min=0, max=0.9999, help="More than this share of a patch must be labelled.", rich_help_panel=_RULES
        ),
    ] = 0.75,
    p: Annotated[
        float, typer.Option("--p", help="Share of the test square in the tile's area.", rich_help_panel=_RULES)
    ] = 0.25,
    q: Annotated[
        float, typer.Option("--q", help="Share of the validation frame in the tile's area.", rich_help_panel=_RULES)
    ] = 0.25,
    unpaired: Annotated[
        Unpaired, typer.Option(help="What to do with patches without a Sentinel-1 partner.", rich_help_panel=_RULES)
    ] = Unpaired.drop,
    keep_raw: Annotated[
        bool,
        typer.Option(
            "--keep-raw", help="Keep digital numbers, without adding the processing offset.", rich_help_panel=_RULES
        ),
    ] = False,
    output_format: Annotated[
        OutputFormat,
        typer.Option("--format", help="GeoTIFFs as published, or one LMDB+safetensors store.", rich_help_panel=_WORK),
    ] = OutputFormat.geotiff,
    workers: Annotated[
        int, typer.Option(min=1, help="Tiles that are built at a time (2.5 GB each).", rich_help_panel=_WORK)
    ] = 1,
    scheduler: Annotated[
        str, typer.Option(help="Build on a Dask cluster: address of its scheduler.", rich_help_panel=_WORK)
    ] = "",
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads per tile; by default all processors, shared by the workers.", rich_help_panel=_WORK
        ),
    ] = None,
    checksums: options.Checksums = True,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="stop at the first tile that fails, or skip it and list it in the report.", rich_help_panel=_WORK
        ),
    ] = OnError.stop,
) -> None:
    """Build a data set from Sentinel-2 L2A products and CORINE Land Cover, with Sentinel-1 or without.

    A build that was stopped goes on where it was: give the same command again.
    """
    from reben.construct import build as construction
    from reben.construct.inputs import BuildInputs
    from reben.construct.plan import plan_build
    from reben.work.processes import available_cpus

    inputs = BuildInputs(
        l2a=tuple(l2a),
        clc=clc,
        legend=legend,
        s1_dir=s1_dir,
        s1_pairs=s1_pairs,
        s1_scenes=s1_scenes,
        s1_unit=s1_unit,
        keep_unpaired=unpaired is Unpaired.keep,
        v1_geometries=v1_geometries,
        snow=tuple(snow or ()),
        cloud=tuple(cloud or ()),
        countries=countries,
        patch_size_m=patch_size,
        min_labelled=min_labelled,
        p=p,
        q=q,
        keep_raw=keep_raw,
    ).resolved()
    settings = inputs.load()  # whatever is wrong with the inputs shows here, before a worker starts
    remarks = settings.remarks()
    for remark in remarks:
        stderr.print(f"warning: {remark}", markup=False)
    todo = plan_build(inputs.l2a, skip_errors=on_error is OnError.skip)
    print_left_out(todo.left_out)
    for tile, paths in todo.further.items():
        stderr.print(f"joined: {tile}: {todo.tiles[tile]} with {', '.join(map(str, paths))}", markup=False)
    for tile, reasons in todo.rejected.items():
        stderr.print(f"rejected: {tile}: {', '.join(reasons)}", markup=False)
    with executor_of(scheduler, workers, preload="reben.construct.build") as executor, progress("building") as start:
        result = construction.build(
            todo,
            inputs,
            output,
            executor=executor,
            output_format=output_format.value,
            threads=threads or (1 if scheduler else max(1, available_cpus() // workers)),
            skip_errors=on_error is OnError.skip,
            compare_checksums=checksums,
            remarks=remarks,
            progress=start(len(todo.tiles)),
        )
    _print_result(result, output)


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
