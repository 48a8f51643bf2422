"""What a model says of a whole L2A product: labels of its patches, or a class map of the tile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.classes import UNLABELLED, Legend
from reben.core.grid import TileExtent
from reben.data.tile_images import TileImage, TileImages, read_tile_images
from reben.io.qgis_styles import style_beside, write_class_style
from reben.io.safe.checksums import comparing
from reben.io.safe.l2a import open_product
from reben.io.tiff.class_maps import write_class_map
from reben.learn.inference.label_files import LabelTable, write_label_style, write_labels
from reben.learn.inference.options import IMAGES_AT_ONCE
from reben.learn.inference.outputs import finite, suitable_device
from reben.learn.models.trained_model import TrainedModel
from reben.learn.scores.thresholds import DEFAULT
from reben.learn.tasks.task import Output
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Source
from reben.work.progress import Begin, begin_unseen


@dataclass(frozen=True)
class TileLabels:
    """Labels, or numbers, of the patches of a tile."""

    patches: TilePatches
    cells: list[Cell]
    """Of the patches that could be predicted, in the order of their names."""
    probabilities: NDArray[np.float32]
    """Shape (patches, classes); of a regression, its numbers."""
    class_names: tuple[str, ...]
    skipped: int
    """Patches with invalid pixels or without Sentinel-1."""
    threshold: float | None = DEFAULT
    """Probability from which on a class is a label; None of a regression."""

    def class_grid(self) -> NDArray[np.int8]:
        """The most probable class of each patch, shape (rows, columns) of the grid, -1 where there is none."""
        side = self.patches.grid.patches_per_side
        classes = np.full((side, side), UNLABELLED, np.int8)
        for (column, row), probabilities in zip(self.cells, self.probabilities, strict=True):
            classes[row, column] = probabilities.argmax()
        return classes

    def write(self, target: Path, legend: Legend) -> None:
        """Write patch_id, labels (probability of 0.5 or more), a column per class and outlines, see `write_labels`.

        Beside it goes a style for QGIS in the legend's colours, see `write_label_style`.

        Raises:
            ExportError: if labels cannot be written under this name.
        """
        ids = [self.patches.patch_id(cell) for cell in self.cells]
        squares = self.patches.squares(self.cells)
        crs = self.patches.extent.crs
        table = LabelTable(ids, self.class_names, self.probabilities, self.threshold, squares, crs)
        write_labels(target, table)
        write_label_style(target, table, legend)


@dataclass(frozen=True)
class TileMap:
    """A class map of a tile."""

    extent: TileExtent
    classes: NDArray[np.int8]
    """Shape (rows, columns) at 10 m; -1 where there is no prediction."""

    def write(self, target: Path, legend: Legend) -> None:
        """Write a GeoTIFF in the legend's colours, and beside it, unless there is one, a style with names for QGIS."""
        extent = self.extent
        write_class_map(target, self.classes, legend, crs=extent.crs, left_m=extent.ulx_m, top_m=extent.uly_m)
        if not style_beside(target).exists():
            write_class_style(style_beside(target), legend)


def open_tile(
    trained: TrainedModel,
    l2a: Path,
    *,
    sentinel1: S1Source | None = None,
    threads: int = 1,
    compare_checksums: bool = True,
) -> tuple[TileImages, tuple[str, ...]]:
    """Read what a model needs of a product; with it, which checksums of the product its images were compared with.

    Raises:
        ProductError: if the product is incomplete or damaged.
        BandError: if the model needs Sentinel-1 and there is none.
    """
    patch_size_m = trained.architecture.image_size * REFERENCE_MAP_RESOLUTION_M
    product = open_product(l2a)
    wanted = [product.members[band] for band in trained.bands if band in product.members]
    with comparing(product.path, wanted if compare_checksums else [], threads=threads) as compared:
        images = read_tile_images(
            product,
            trained.bands,
            patch_size_m=patch_size_m,
            sentinel1=sentinel1,
            threads=threads,
        )
        return images, compared()


def predict_tile_labels(
    trained: TrainedModel,
    tile: TileImages,
    *,
    batch_size: int = IMAGES_AT_ONCE,
    start: Begin = begin_unseen,
) -> TileLabels:
    """Labels of every patch of the tile without invalid pixels.

    Args:
        trained: a model that gives labels or values.
        tile: from `open_tile`.
        batch_size: patches at a time.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives maps, or NaN.
        RasterError: if a Sentinel-1 raster cannot be read.
    """
    trained.expect_output(Output.labels, Output.values)
    cells = list(tile.patches.grid.indices())
    progress = start(len(cells))
    images = (image for image in tile.images(tile.patches, cells) if image.valid.all())
    found: dict[Cell, NDArray[np.float32]] = {}
    for batch, logits in _outputs(trained, images, batch_size):
        rows = trained.task.predictions(logits).cpu().numpy()
        found.update(zip((image.cell for image in batch), rows, strict=True))
        progress(len(batch))
    known = sorted(found)
    probabilities = np.array([found[cell] for cell in known], np.float32).reshape(-1, len(trained.class_names))
    threshold = DEFAULT if trained.task.output is Output.labels else None
    return TileLabels(tile.patches, known, probabilities, trained.class_names, len(cells) - len(known), threshold)


def predict_tile_map(
    trained: TrainedModel,
    tile: TileImages,
    *,
    batch_size: int = IMAGES_AT_ONCE,
    start: Begin = begin_unseen,
) -> TileMap:
    """The class of every pixel of the tile that all bands saw.

    Args:
        trained: a segmentation model.
        tile: from `open_tile`.
        batch_size: images at a time.
        start: called with the number of images; returns the progress callback.

    Raises:
        RunError: if it is not a segmentation model, or its logits are not numbers.
        RasterError: if a Sentinel-1 raster cannot be read.
    """
    trained.expect_output(Output.maps)
    extent = tile.patches.extent
    side_px = extent.side_m // REFERENCE_MAP_RESOLUTION_M
    classes = np.full((side_px, side_px), UNLABELLED, np.int8)
    cells_of = [(grid, list(_needed(grid, extent))) for grid in tile.grids(whole_tile=True)]
    progress = start(sum(len(cells) for _, cells in cells_of))
    for grid, cells in reversed(cells_of):  # the patch grid itself last: its own patches are those of data sets
        images = (image for image in tile.images(grid, cells) if image.valid.any())
        for batch, logits in _outputs(trained, images, batch_size):
            for image, predicted in zip(batch, logits.argmax(dim=1).cpu().numpy(), strict=True):
                _paste(classes, extent, image, predicted)
            progress(len(batch))
    return TileMap(extent, classes)


def _needed(grid: TilePatches, extent: TileExtent) -> Iterator[Cell]:
    """Places of a grid that are needed: all of the tile's own grid, the last ones of those that end where it ends."""
    last = grid.grid.patches_per_side - 1
    shifted_east, shifted_south = grid.extent.ulx_m != extent.ulx_m, grid.extent.uly_m != extent.uly_m
    for column, row in grid.grid.indices():
        if (column == last or not shifted_east) and (row == last or not shifted_south):
            yield column, row


def _paste(classes: NDArray[np.int8], extent: TileExtent, image: TileImage, predicted: NDArray[np.int64]) -> None:
    """Put the valid pixels of a prediction where they belong."""
    bounds, side = image.patches.bounds(image.cell), len(predicted)
    left = (bounds.left_m - extent.ulx_m) // REFERENCE_MAP_RESOLUTION_M
    top = (extent.uly_m - bounds.top_m) // REFERENCE_MAP_RESOLUTION_M
    window = classes[top : top + side, left : left + side]
    window[image.valid] = predicted[image.valid]


@torch.inference_mode()
def _outputs(
    trained: TrainedModel, images: Iterator[TileImage], batch_size: int
) -> Iterator[tuple[Sequence[TileImage], torch.Tensor]]:
    """Images and their logits, batch by batch.

    Raises:
        RunError: if a logit is not a number.
    """
    trained.model.to(suitable_device()).eval()
    batch: list[TileImage] = []
    for image in images:
        batch.append(image)
        if len(batch) == batch_size:
            yield batch, _logits(trained, batch)
            batch = []
    if batch:
        yield batch, _logits(trained, batch)


def _logits(trained: TrainedModel, batch: Sequence[TileImage]) -> torch.Tensor:
    return finite(trained(np.stack([trained.image(image.tensors) for image in batch])).float())
