"""`reben figures`: the paper's Figures 1 to 3 and an overview, of any data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.commands import add_command
from reben.cli.console import needs_extra, say
from reben.core.palettes import PaletteName, in_palette

if TYPE_CHECKING:
    import pyarrow as pa

    from reben.core.classes import Legend
    from reben.io.dataset.folder import DataFolder
    from reben.pictures.reference_maps import MapPicture

app = typer.Typer(help="Draw the paper's figures and an overview, of any data set.", no_args_is_help=True)

_Output = Annotated[Path, typer.Option(help="Picture to write (.png, .pdf, .svg).", show_default=False)]
_Count = Annotated[int, typer.Option(min=1, max=60, help="How many patches are drawn.")]
_Palette = Annotated[
    PaletteName,
    typer.Option(help="Colours of classes: those of the legend, or ones that colour-blind readers tell apart."),
]
_Earlier = Annotated[
    Path,
    typer.Argument(
        help="Earlier version, as `reben compare` takes it: a table of labels or splits, a folder with lists of names, "
        "or one with the JSON files of BigEarthNet v1.",
        show_default=False,
    ),
]


def labels(
    earlier: _Earlier,
    output: _Output,
    patch_ids: Annotated[
        list[str] | None,
        typer.Option("--patch", help="Which patches; by default those with most changes.", show_default=False),
    ] = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    count: _Count = 2,
) -> None:
    """Draw patches with the labels of two versions (Fig. 1).

    Labels of the earlier version are marked as correct (C), wrong (W) or missing (M), as the later version has them.
    """
    found, rows, legend = _data(data, store, metadata, output)
    from reben.compare.earlier import read_earlier
    from reben.pictures.figure_data import marked_patches
    from reben.pictures.patches import draw_patches

    patches = marked_patches(found, rows, read_earlier(earlier), legend, patch_ids or [], count=count)
    draw_patches(output, patches, title=f"Labels of {earlier.name}, seen from the later version", legend=legend)
    say(f"{output}: {len(patches)} patches")


def maps(
    output: _Output,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    land_cover: Annotated[
        Path | None,
        typer.Option(help="Land cover, as the build took it; patches that were dropped are drawn, too."),
    ] = None,
    count: _Count = 4,
    palette: _Palette = "legend",
) -> None:
    """Draw reference maps of which much and little is labelled, and say which patches are kept (Fig. 2)."""
    found, rows, legend = _data(data, store, metadata, output)
    from reben.pictures.figure_data import kept_maps
    from reben.pictures.reference_maps import draw_maps

    dropped = [] if land_cover is None else _dropped_maps(found, rows, land_cover, legend, count // 2)
    kept = kept_maps(found, rows, legend, count=max(1, count - len(dropped)))
    draw_maps(
        output, [*kept, *dropped], in_palette(legend, palette), title="Reference maps: unlabelled pixels are grey"
    )
    say(f"{output}: {len(kept)} kept, {len(dropped)} dropped")


def split(
    earlier: _Earlier,
    tables: options.Tables,
    output: _Output,
    tile: Annotated[str, typer.Option(help="Tile: its id, or its MGRS name such as 33UUP.", show_default=False)],
) -> None:
    """Draw the split of a tile's patches by an earlier version's lists and by the tables (Fig. 3)."""
    rows, _ = _rows(tables, output)
    from reben.compare.earlier import read_earlier
    from reben.compare.versions import earlier_names
    from reben.pictures.figure_data import split_grids
    from reben.pictures.splits import draw_splits

    known = read_earlier(earlier)
    patches = rows["patch_id"].to_pylist()
    before = {
        patch: known.splits[name]
        for patch, name in zip(patches, earlier_names(known, rows), strict=True)
        if name is not None and name in known.splits
    }
    now = dict(zip(patches, rows["split"].to_pylist(), strict=True))
    grids = split_grids(rows, tile, {f"lists of {earlier.name}": before, "metadata tables": now})
    draw_splits(output, grids, title=f"Split of tile {tile}")
    say(f"{output}: {sum(int((grid >= 0).sum()) for grid in grids.values()):,} squares")


def overview(tables: options.Tables, output: _Output, tile_extents: options.TileExtents = None) -> None:
    """Draw where the patches lie, and how many there are per class, country, season and split."""
    rows, legend = _rows(tables, output)
    from reben.io.dataset.tile_extents import find_tile_extents
    from reben.pictures.figure_data import names_of, overview_of
    from reben.pictures.overview import draw_overview
    from reben.rules.country import embedded_countries

    paths = options.table_paths(tables)
    shown = overview_of(names_of(paths), rows, legend, find_tile_extents(tile_extents, paths))
    draw_overview(output, shown, embedded_countries().outlines)
    say(f"{output}: {rows.num_rows:,} patches")


def samples(
    output: _Output,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    count: Annotated[int, typer.Option(min=1, max=6, help="Patches per class.")] = 2,
    palette: _Palette = "legend",
) -> None:
    """Draw examples of each class: true colour, infrared, radar, reference map."""
    found, rows, _ = _data(data, store, metadata, output)
    from reben.pictures.class_sheet import draw_class_sheet
    from reben.pictures.figure_data import class_examples, names_of

    examples, legend = class_examples(found, rows, count=count)
    draw_class_sheet(output, examples, in_palette(legend, palette), title=f"Classes of {names_of(found.metadata)}")
    say(f"{output}: {sum(map(len, examples.values()))} patches of {len(examples)} classes")


def _data(
    data: Path | None, store: str | None, metadata: list[Path] | None, output: Path
) -> "tuple[DataFolder, pa.Table, Legend]":
    """Store and tables, their rows, and their legend."""
    from reben.io.dataset.legends import legend_of_tables
    from reben.io.dataset.metadata import read_metadata

    _expect_picture(output)
    found = options.inputs(data, store, metadata)
    legend = legend_of_tables(found.metadata)
    return found, read_metadata(list(found.metadata), legend=legend), legend


def _rows(tables: list[Path], output: Path) -> "tuple[pa.Table, Legend]":
    """Rows and legend of tables, or of those in a data folder."""
    from reben.io.dataset.legends import legend_of_tables
    from reben.io.dataset.metadata import read_metadata

    _expect_picture(output)
    paths = options.table_paths(tables)
    legend = legend_of_tables(paths)
    return read_metadata(paths, legend=legend), legend


def _expect_picture(output: Path) -> None:
    options.expect_ending(output, options.PICTURE_ENDINGS, "--output")
    with needs_extra("report"):
        from reben.pictures import saving as _  # noqa: F401 - missing extras are said before anything is read


def _dropped_maps(
    data: "DataFolder", rows: "pa.Table", land_cover: Path, legend: "Legend", count: int
) -> "list[MapPicture]":
    """Reference maps of cells of the data set's tiles that are not patches of it, for want of labels."""
    from reben.construct.dropped import unlabelled_cells
    from reben.io.dataset.paths import DatasetPaths
    from reben.io.dataset.tile_extents import find_tile_extents
    from reben.io.legend_files import CLC2018_FORMAT, read_legend
    from reben.pictures.reference_maps import MapPicture

    own = DatasetPaths(data.metadata[0].parent).legend
    expected = read_legend(own) if own.exists() else CLC2018_FORMAT
    extents = find_tile_extents(None, list(data.metadata))
    cells = unlabelled_cells(rows, land_cover, legend, extents, count=count, expected=expected)
    return [MapPicture(name, classes, kept=False) for name, classes in cells]


for _name, _function in (
    ("labels", labels),
    ("maps", maps),
    ("split", split),
    ("overview", overview),
    ("samples", samples),
):
    add_command(app, _name, _function)
