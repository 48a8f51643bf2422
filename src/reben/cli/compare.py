"""`reben compare`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, say, stderr


def compare(
    earlier: Annotated[
        Path,
        typer.Argument(
            help="Earlier version: a table of labels or splits (.csv, .parquet), a folder with train.csv, val.csv and "
            "test.csv, or one with the JSON files of BigEarthNet v1.",
            show_default=False,
        ),
    ],
    later: Annotated[
        list[Path],
        typer.Argument(help="Metadata tables of the later version (Parquet), or a data folder.", show_default=False),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the report (Markdown, JSON) and its figures.", show_default=False)
    ] = None,
    tile_extents: options.TileExtents = None,
    json: options.Json = None,
) -> None:
    """Compare two versions of a data set: which labels changed, and how near their splits are to one another.

    Patches are found by their names: those of BigEarthNet v1, which metadata tables keep as `s2v1_name`, or their own.

    Examples:
    reben compare v1-splits metadata.parquet --output comparison

    reben compare v1-labels.csv metadata.parquet metadata_for_patches_with_snow_cloud_or_shadow.parquet
    """
    from reben.compare.versions import compare as compare_versions
    from reben.core.errors import TargetExistsError
    from reben.work import atomic

    if output is not None and output.exists() and not output.is_dir():
        raise TargetExistsError(f"{output} is not a folder", hint="give a folder for the report and its figures")
    if output is not None:
        with needs_extra("report"):
            from reben.pictures.comparison import draw_label_changes, draw_leakage
    with stderr.status("comparing ..."):
        report = compare_versions(earlier, options.table_paths(later), tile_extents=tile_extents)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        atomic.write_text(output / "comparison.md", report.markdown())
        atomic.write_text(output / "comparison.json", report.model_dump_json(indent=2) + "\n")
        draw_leakage(output / "leakage.png", report.leakage)
        if report.labels is not None:
            draw_label_changes(output / "labels.png", report.labels)
    if json is not None:
        print_json(json, report.model_dump())
    if json != STDOUT:
        say(report.markdown() if output is None else f"{output}: {', '.join(sorted(p.name for p in output.iterdir()))}")
