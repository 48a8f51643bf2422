"""`reben predict`: labels or class maps of patches in a store, or of a whole L2A product."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.core.errors import RebenError
from reben.core.palettes import in_palette
from reben.learn.inference.options import PredictOptions

if TYPE_CHECKING:
    from reben.data.tile_images import TileImages
    from reben.io.dataset.folder import DataFolder
    from reben.learn.inference.prediction import PatchInputs
    from reben.learn.models.trained_model import TrainedModel

_TILE = "A whole product"
_MAP_ENDINGS = (".tif", ".tiff")


@with_options_of(PredictOptions)
def predict(
    checkpoint: options.Checkpoint,
    patch_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PATCH_ID]...", help="Which patches; by default all in the tables.")
    ] = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    l2a: Annotated[
        Path | None, typer.Option(help="Sentinel-2 L2A product (.SAFE or zipped).", rich_help_panel=_TILE)
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="PNG file for a picture of the tile.", rich_help_panel=_TILE)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File for labels (.parquet, .gpkg, .geojson, .csv, .json) or for the class map of a product (.tif); "
            "folder for class maps of patches.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Predict labels, class maps or numbers of patches, or of a whole Sentinel-2 product.

    A classifier gives probabilities of the classes: with --data for patches (a line each, or a file), with --l2a for
    all patches of a product, with their outlines. A segmentation model gives class maps as GeoTIFFs in the colours of
    its legend.

    Examples:
    reben predict --checkpoint RUN --data DIR --split test --output labels.parquet

    reben predict --checkpoint RUN --l2a PRODUCT.SAFE --output labels.gpkg --picture tile.png

    reben predict --checkpoint SEGMENTATION_RUN --l2a PRODUCT.SAFE --output map.tif
    """
    chosen = options_from(PredictOptions, **settings)
    _expect(chosen.s1_unit is None or chosen.s1_scenes is not None, "--s1-unit goes with --s1-scenes")
    _expect(chosen.s1_dem is None or chosen.s1_scenes is not None, "--s1-dem goes with --s1-scenes")
    options.expect_ending(picture, (".png",), "--picture")
    found = None
    if l2a is None:
        _expect(picture is None and chosen.s1_scenes is None, "--picture and --s1-scenes go with --l2a")
        found = options.inputs(data, store, metadata)
        options.expect_readable(found)
    else:
        _expect(output is not None, "--l2a needs --output: where to write the result")
        _expect(chosen.tile_extents is None and chosen.split is None, "--tile-extents and --split go with --data")
        _expect(json is None, "--json goes with --data; with --l2a everything is in --output")
        given = data is not None or store is not None or bool(metadata or patch_ids)
        _expect(not given, "give either --l2a, or --data, or --store with --metadata")
    with needs_extra("learn,report" if picture is not None else "learn"):
        from reben.learn.models.weights import load_model
        from reben.learn.tasks.task import Output

    trained = load_model(checkpoint)
    maps = trained.task.output is Output.maps
    _expect(picture is None or trained.task.has_classes, "--picture shows classes, and this model has none")
    if l2a is not None:
        _expect_output(output, maps=maps)
        _predict_tile(trained, l2a, output or STDOUT, picture, chosen)
    elif found is not None and maps:
        _expect(output is not None, "class maps need --output, a folder")
        _expect(output is None or not output.suffix, "class maps of patches need a folder as --output")
        _expect(json is None, "--json is for labels; maps are written to --output")
        _predict_maps(trained, found, patch_ids or [], output or STDOUT, chosen)
    elif found is not None:
        _expect_output(output, maps=False)
        _predict_rows(trained, found, patch_ids or [], output, json, chosen)


def _expect(right: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Check how options go together.

    Raises:
        BadParameter: if they do not.
    """
    if not right:
        raise typer.BadParameter(message)


def _expect_output(output: Path | None, *, maps: bool) -> None:
    """Check that the result can be written under its name.

    Raises:
        BadParameter: if the ending is that of another kind of file.
    """
    from reben.learn.inference.label_files import LABEL_ENDINGS

    endings = _MAP_ENDINGS if maps else LABEL_ENDINGS
    gives = "maps" if maps else "labels or numbers"
    options.expect_ending(output, endings, f"--output of a model that gives {gives}")


def _inputs(data: "DataFolder", patch_ids: list[str], chosen: PredictOptions) -> "PatchInputs":
    from reben.learn.inference.prediction import PatchInputs

    return PatchInputs(data.store, data.metadata, patch_ids, chosen.split, chosen.batch_size, chosen.workers)


def _predict_rows(
    trained: "TrainedModel",
    data: "DataFolder",
    patch_ids: list[str],
    output: Path | None,
    json: Path | None,
    chosen: PredictOptions,
) -> None:
    from reben.core.bands import IMAGE_RESOLUTION_M
    from reben.io.dataset.legends import legend_of_tables
    from reben.io.dataset.metadata import read_metadata
    from reben.io.dataset.tile_extents import find_tile_extents
    from reben.learn.inference import label_files, prediction
    from reben.learn.scores import thresholds
    from reben.learn.tasks.task import Output

    extents = {} if output is None else find_tile_extents(chosen.tile_extents, data.metadata)
    if output is not None:
        ids = patch_ids or read_metadata(data.metadata, legend=legend_of_tables(data.metadata))["patch_id"].to_pylist()
        label_files.expect_placed(output, ids, extents)
    gives_labels = trained.task.output is Output.labels
    with progress("predicting") as start:
        if gives_labels:
            found = prediction.predict(trained, _inputs(data, patch_ids, chosen), start=start)
            ids, rows, logits = found.patch_ids, found.probabilities, found.logits
        else:
            values = prediction.predict_values(trained, _inputs(data, patch_ids, chosen), start=start)
            ids, rows, logits = values.patch_ids, values.values, None
    side_m = trained.architecture.image_size * IMAGE_RESOLUTION_M
    polygons, crs = label_files.outlines(ids, extents, side_m) or (None, "")
    threshold = thresholds.DEFAULT if gives_labels else None
    table = label_files.LabelTable(ids, trained.class_names, rows, threshold, polygons, crs, logits)
    if output is not None:
        label_files.write_labels(output, table)
        label_files.write_label_style(output, table, trained.legend)
        say(f"{output}: {len(ids):,} patches")
    if json is not None:
        print_json(json, label_files.as_json(table))
    if json != STDOUT and output is None:
        for line in table.lines():
            say(line)


def _predict_maps(
    trained: "TrainedModel", data: "DataFolder", patch_ids: list[str], output: Path, chosen: PredictOptions
) -> None:
    from reben.io.dataset.tile_extents import find_tile_extents
    from reben.learn.inference import map_files, prediction

    extents = find_tile_extents(chosen.tile_extents, data.metadata)
    with progress("predicting") as start:
        maps = prediction.predict_maps(trained, _inputs(data, patch_ids, chosen), start=start)
        written = map_files.write_patch_maps(maps, output, extents, trained.legend)
    say(f"{output}: {written:,} maps")


def _predict_tile(
    trained: "TrainedModel", l2a: Path, output: Path, picture: Path | None, chosen: PredictOptions
) -> None:
    from reben.learn.inference import tile_prediction
    from reben.learn.tasks.task import Output
    from reben.tile.sentinel1.grd_scenes import find_s1_scenes
    from reben.work.processes import available_cpus

    legend = trained.legend
    scenes = None if chosen.s1_scenes is None else find_s1_scenes(chosen.s1_scenes, chosen.s1_unit, dem=chosen.s1_dem)
    for remark in scenes.remarks() if scenes else ():
        stderr.print(f"warning: {remark}", markup=False)
    stderr.print(f"reading {l2a}", markup=False)
    tile, compared = tile_prediction.open_tile(
        trained, l2a, sentinel1=scenes, threads=available_cpus(), compare_checksums=chosen.checksums
    )
    if chosen.checksums and not compared and any(band.sensor == "s2" for band in tile.bands):
        stderr.print(f"note: {l2a}: without checksums; damage in images may go unnoticed", markup=False)
    with progress("predicting") as start:
        if trained.task.output is Output.maps:
            found = tile_prediction.predict_tile_map(trained, tile, batch_size=chosen.batch_size, start=start)
            found.write(output, legend)
            classes: object = found.classes
            note = f"{(found.classes >= 0).mean():.1%} of the tile mapped"
        else:
            labels = tile_prediction.predict_tile_labels(trained, tile, batch_size=chosen.batch_size, start=start)
            if not labels.cells:
                raise RebenError(f"{l2a}: no patch could be predicted", hint="look at its pixels, or at --s1-scenes")
            labels.write(output, legend)
            classes = labels.class_grid() if picture is not None else None
            note = f"{len(labels.cells):,} patches, {labels.skipped:,} skipped (invalid pixels, or no Sentinel-1)"
    say(f"{output}: {note}")
    if picture is not None:
        _draw(picture, tile, classes, in_palette(legend, chosen.palette))


def _draw(picture: Path, tile: "TileImages", classes: object, legend: object) -> None:
    from reben.pictures.tile_map import draw_tile

    title = f"{tile.patches.tile}: most probable classes"
    draw_tile(picture, classes, legend, title=title, rgb=tile.true_colour())  # type: ignore[arg-type]
    say(f"picture: {picture}")
