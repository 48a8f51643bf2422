"""The torch data set: patches of a store as normalised images at 10 m, with label vectors and, if asked for, masks.

Samples and batches are dicts with the keys that torchgeo uses: `image`, `label`, `mask`, and `patch_id`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from reben.core.bands import select_bands
from reben.data.buffers import BatchMemory
from reben.data.kernels import copy_rows, fill_images
from reben.data.native import Located, SensorLayout, image_side_px, locate, read_layout
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics, normalisation
from reben.data.patches import Patches
from reben.io.store import REFERENCE_MAP_TENSOR, Store, reference_map_key

Batch = dict[str, Any]
"""`image`: float32 (B, C, H, W); `label`: float32 (B, classes); `mask`: int64 (B, H, W); `patch_id`: list of str."""


class Draw(NamedTuple):
    """Which patch to take, and how to flip it."""

    patch: int
    """Number of the patch in the data set."""
    horizontal: bool = False
    """Swap west and east."""
    vertical: bool = False
    """Swap north and south."""


class PatchDataset(Dataset[Batch]):
    """Patches as tensors.

    Bands of 20 m and 60 m are upsampled to 10 m by nearest neighbour, then every band is normalised (reBEN paper,
    section III). An index is a number, or a `Draw` with flips; `ShuffledDraws` makes those for training.

    Args:
        store: where the pixels are.
        patches: which patches, in which order.
        bands: a set (`s1`, `s2`, `all`) or band names; the order of the channels.
        statistics: means and standard deviations; None leaves pixels as they are stored.
        reference_maps: whether to give `mask`, the class index of each pixel, -1 where unlabelled.
        pinned: use memory from which a GPU can fetch batches by itself.

    Raises:
        BandError: if a band is unknown or has no statistics.
    """

    def __init__(
        self,
        store: Store,
        patches: Patches,
        bands: str | Sequence[str] = "all",
        *,
        statistics: Statistics | None = PUBLISHED_STATISTICS,
        reference_maps: bool = False,
        pinned: bool = False,
    ) -> None:
        self.store = store
        self.patches = patches
        self.bands = select_bands(bands)
        self.reference_maps = reference_maps
        self._mean, std = normalisation(self.bands, statistics)
        self._scale = (1 / std).astype(np.float32)  # one multiplication takes a fifth of the time of a division
        self._memory = BatchMemory(pinned=pinned)
        self._layouts: tuple[SensorLayout, ...] = ()

    def __len__(self) -> int:
        return len(self.patches)

    def __getitem__(self, index: int | Draw) -> Batch:
        """One sample: the tensors of a batch without their first axis."""
        return {name: values[0] for name, values in self.__getitems__([index]).items()}

    def __getitems__(self, indices: Sequence[int | Draw]) -> Batch:
        """One batch of images, put together at once; a `DataLoader` calls this and needs `collate_fn=as_is`.

        Raises:
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band.
            BandError: if the bands of a patch do not fit together.
        """
        draws = _as_draws(indices)
        batch = self._rest_of_batch(draws)
        flips = _flips(draws).numpy()
        side = image_side_px(self.layouts)
        images = self._memory.tensor((len(draws), len(self.bands), side, side))
        for layout, found in self._locate(draws):
            fill_images(
                found.addresses,
                np.empty(0, layout.dtype),
                layout.offsets,
                layout.sides,
                layout.channels,
                self._mean[layout.channels],
                self._scale[layout.channels],
                flips,
                images.numpy(),
            )
        return {"image": images, **batch}

    def native_batch(self, indices: Sequence[int | Draw]) -> Batch:
        """One batch of raw pixels, for `Preparation` to make images of on the device.

        Returns:
            per sensor (`s1`, `s2`) raw pixels, shape (B, n), see `layouts`; `flips`, bool, shape (B, 2), horizontal and
            vertical; all else as in a batch of images.

        Raises:
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band.
            BandError: if the bands of a patch do not fit together.
        """
        draws = _as_draws(indices)
        batch: Batch = {"flips": _flips(draws), **self._rest_of_batch(draws)}
        for layout, found in self._locate(draws):
            batch[layout.sensor] = self._memory.tensor((len(draws), layout.pixels), layout.dtype)
            copy_rows(found.addresses, batch[layout.sensor].numpy())
        return batch

    def _locate(self, draws: Sequence[Draw]) -> list[tuple[SensorLayout, Located]]:
        """Raw pixels of each sensor that is needed."""
        rows = [draw.patch for draw in draws]
        names = {"s1": self.patches.s1_names, "s2": self.patches.ids}
        return [
            (layout, locate(self.store, names[layout.sensor].take(rows).to_pylist(), layout)) for layout in self.layouts
        ]

    def _rest_of_batch(self, draws: Sequence[Draw]) -> Batch:
        """Everything but the pixels of bands."""
        rows = [draw.patch for draw in draws]
        patch_ids = self.patches.ids.take(rows).to_pylist()
        batch: Batch = {"label": torch.from_numpy(self.patches.labels[rows]).float(), "patch_id": patch_ids}
        if self.reference_maps:
            masks = [_flipped(self._mask(name), draw) for name, draw in zip(patch_ids, draws, strict=True)]
            batch["mask"] = torch.from_numpy(np.stack(masks).astype(np.int64))
        return batch

    @property
    def layouts(self) -> tuple[SensorLayout, ...]:
        """Where the bands lie in raw pixels; the first patch tells it, unless it is set.

        Raises:
            KeyNotFoundError, StoreError, BandError: if the first patch cannot be read.
        """
        if not self._layouts:
            keys = {"s1": self.patches.s1_names[0].as_py(), "s2": self.patches.ids[0].as_py()}
            needed = [sensor for sensor in keys if any(band.sensor == sensor for band in self.bands)]
            self._layouts = tuple(read_layout(self.store, keys[sensor], sensor, self.bands) for sensor in needed)
            image_side_px(self._layouts)
        return self._layouts

    @layouts.setter
    def layouts(self, layouts: tuple[SensorLayout, ...]) -> None:
        self._layouts = layouts

    def _mask(self, patch_id: str) -> NDArray[np.int8]:
        """Class index of each pixel, shape (H, W)."""
        (codes,) = self.store.tensors(reference_map_key(patch_id), (REFERENCE_MAP_TENSOR,))
        return self.patches.legend.class_map(codes)


def _as_draws(indices: Sequence[int | Draw]) -> list[Draw]:
    return [index if isinstance(index, Draw) else Draw(index) for index in indices]


def _flips(draws: Sequence[Draw]) -> torch.Tensor:
    """Horizontal and vertical of each draw, bool, shape (B, 2)."""
    return torch.from_numpy(np.array([(draw.horizontal, draw.vertical) for draw in draws], np.bool_).reshape(-1, 2))


def as_is(batch: Any) -> Any:  # noqa: ANN401 - what DataLoader calls a list is the batch here
    """`collate_fn` for a `DataLoader`: the data set gives whole batches."""
    return batch


def _flipped(pixels: NDArray[Any], draw: Draw) -> NDArray[Any]:
    """A flipped view of `pixels`, shape (H, W)."""
    return pixels[:: -1 if draw.vertical else 1, :: -1 if draw.horizontal else 1]
