"""`reben predict`: labels or class maps of patches in a store, or of a whole L2A product."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say, stderr
from reben.core.errors import RebenError

if TYPE_CHECKING:
    from reben.data.tile_images import TileImages
    from reben.learn.inference.prediction import Predictions
    from reben.learn.models.trained_model import TrainedModel

_THRESHOLD = 0.5  # of the paper's F1
_STORE = "Patches of a store"
_TILE = "A whole product"


def predict(
    checkpoint: options.Checkpoint,
    patch_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PATCH_ID]...", help="Which patches; by default all in the tables.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="Store that `reben encode` wrote.", rich_help_panel=_STORE)] = None,
    metadata: Annotated[
        list[Path] | None,
        typer.Option(help="Metadata table (Parquet). May be given several times.", rich_help_panel=_STORE),
    ] = None,
    json: options.Json = None,
    tiles: Annotated[
        Path | None,
        typer.Option(
            help="For maps: where the tiles lie, a build-report.json or a CSV file: tile,crs,ulx_m,uly_m.",
            rich_help_panel=_STORE,
        ),
    ] = None,
    l2a: Annotated[
        Path | None, typer.Option(help="Sentinel-2 L2A product (.SAFE or zipped).", rich_help_panel=_TILE)
    ] = None,
    s1_scenes: Annotated[
        Path | None, typer.Option(help="Folder with geocoded Sentinel-1 scenes in dB.", rich_help_panel=_TILE)
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="PNG file for a picture of the tile.", rich_help_panel=_TILE)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="What to write: of a product a GeoParquet file of its patches or, by a segmentation model, a GeoTIFF; "
            "of a store a folder of such GeoTIFFs."
        ),
    ] = None,
    batch_size: options.BatchSize = 64,
    workers: options.LoadingWorkers = None,
) -> None:
    """Predict the labels or the class maps of patches, or of a whole Sentinel-2 product.

    \b
    reben predict --checkpoint RUN --store S --metadata M [PATCH_ID]...
        a line per patch: its id and the labels with a probability of 0.5 or more; --json holds logits, probabilities of
        the classes in alphabetical order, and labels
    reben predict --checkpoint RUN --l2a PRODUCT.SAFE --output labels.parquet --picture tile.png
        probabilities and outlines of all patches of the tile, as GeoParquet
    reben predict --checkpoint SEGMENTATION_RUN --l2a PRODUCT.SAFE --output map.tif
        the class of every pixel of the tile, in the colours of CORINE Land Cover
    reben predict --checkpoint SEGMENTATION_RUN --store S --metadata M --tiles build-report.json --output DIR
        the same for patches of a store
    """
    with needs_extra("learn,report" if picture is not None else "learn"):
        from reben.learn.models.weights import load_model

    if l2a is not None:
        _expect(output is not None, "--l2a needs --output: where to write the result")
        _expect(tiles is None, "--tiles goes with --store; a product knows where it lies")
        _expect(json is None, "--json goes with --store; of a product everything is in --output")
        _expect(store is None and not metadata and not patch_ids, "give either --l2a, or --store with --metadata")
        _predict_tile(load_model(checkpoint), l2a, s1_scenes, output or STDOUT, picture, batch_size)
        return
    if store is None or not metadata:
        raise typer.BadParameter("give --store and --metadata, or --l2a")
    _expect(picture is None and s1_scenes is None, "--picture and --s1-scenes go with --l2a")
    if load_model(checkpoint).architecture.task == "segmentation":
        _expect(output is not None and tiles is not None, "maps need --output and --tiles")
        _expect(json is None, "--json is for labels; maps are written to --output")
        _predict_maps(
            checkpoint,
            store,
            metadata,
            patch_ids or [],
            tiles=tiles or STDOUT,
            output=output or STDOUT,
            batch_size=batch_size,
            workers=workers,
        )
        return
    _expect(output is None and tiles is None, "labels of patches go to standard output and --json")
    _predict_labels(checkpoint, store, metadata, patch_ids or [], json=json, batch_size=batch_size, workers=workers)


def _expect(right: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Check how options go together.

    Raises:
        BadParameter: if they do not.
    """
    if not right:
        raise typer.BadParameter(message)


def _predict_labels(
    checkpoint: Path,
    store: Path,
    metadata: list[Path],
    patch_ids: list[str],
    *,
    json: Path | None,
    batch_size: int,
    workers: int | None,
) -> None:
    from reben.learn.inference import prediction

    with progress("predicting") as start:
        predictions = prediction.predict(
            checkpoint,
            store=store,
            metadata=metadata,
            patch_ids=patch_ids,
            batch_size=batch_size,
            workers=workers,
            start=start,
        )
    if json is not None:
        print_json(json, as_json(predictions))
    if json != STDOUT:
        for patch_id, chosen in zip(predictions.patch_ids, predictions.probable(_THRESHOLD), strict=True):
            say(f"{patch_id}\t" + "; ".join(f"{name} ({share:.2f})" for name, share in chosen))


def as_json(predictions: "Predictions") -> dict[str, dict[str, list[float] | list[str]]]:
    """Per patch id: logits and probabilities in the order of the classes, and the predicted labels."""
    return {
        patch_id: {
            "logits": logits.tolist(),
            "probabilities": probabilities.tolist(),
            "labels": [name for name, _ in chosen],
        }
        for patch_id, logits, probabilities, chosen in zip(
            predictions.patch_ids,
            predictions.logits,
            predictions.probabilities,
            predictions.probable(_THRESHOLD),
            strict=True,
        )
    }


def _predict_maps(
    checkpoint: Path,
    store: Path,
    metadata: list[Path],
    patch_ids: list[str],
    *,
    tiles: Path,
    output: Path,
    batch_size: int,
    workers: int | None,
) -> None:
    from reben.io.legend_files import legend_beside
    from reben.io.tile_grounds import read_tile_grounds
    from reben.learn.inference import map_files, prediction

    grounds = read_tile_grounds(tiles)
    with progress("predicting") as start:
        maps = prediction.predict_maps(
            checkpoint,
            store=store,
            metadata=metadata,
            patch_ids=patch_ids,
            batch_size=batch_size,
            workers=workers,
            start=start,
        )
        written = map_files.write_patch_maps(maps, output, grounds, legend_beside(metadata))
    say(f"{output}: {written:,} maps")


def _predict_tile(
    trained: "TrainedModel", l2a: Path, s1_scenes: Path | None, output: Path, picture: Path | None, batch_size: int
) -> None:
    from reben.construct.sentinel1.scenes import find_scenes
    from reben.io.processes import available_cpus
    from reben.learn.inference import tile_prediction
    from reben.learn.inference.map_files import legend_of

    legend = legend_of(trained)
    scenes = None if s1_scenes is None else find_scenes(s1_scenes)
    stderr.print(f"reading {l2a}", markup=False)
    tile = tile_prediction.open_tile(trained, l2a, sentinel1=scenes, threads=available_cpus())
    with progress("predicting") as start:
        if trained.architecture.task == "segmentation":
            found = tile_prediction.predict_tile_map(trained, tile, batch_size=batch_size, start=start)
            found.write(output, legend)
            classes, note = found.classes, f"{(found.classes >= 0).mean():.1%} of the tile mapped"
        else:
            labels = tile_prediction.predict_tile_labels(trained, tile, batch_size=batch_size, start=start)
            if not labels.places:
                raise RebenError(f"{l2a}: no patch could be predicted", hint="look at its pixels, or at --s1-scenes")
            labels.write(output)
            classes = labels.class_grid()
            note = f"{len(labels.places):,} patches, {labels.skipped:,} skipped (invalid pixels, or no Sentinel-1)"
    say(f"{output}: {note}")
    if picture is not None:
        _draw(picture, tile, classes, legend)


def _draw(picture: Path, tile: "TileImages", classes: object, legend: object) -> None:
    from reben.report.tile_map import draw_tile

    title = f"{tile.patches.tile}: most probable classes"
    draw_tile(picture, classes, legend, title=title, rgb=tile.true_colour())  # type: ignore[arg-type]
    say(f"picture: {picture}")
