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
from reben.core.errors import BandError
from reben.data.buffers import BatchMemory
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics, normalisation
from reben.data.patches import Patches
from reben.io.store import REFERENCE_MAP_TENSOR, Store, reference_map_key

_IMAGE_RESOLUTION_M = 10

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
        statistics: means and standard deviations.
        reference_maps: whether to give `mask`, the class index of each pixel, -1 where unlabelled.

    Raises:
        BandError: if a band is unknown or has no statistics.
    """

    def __init__(
        self,
        store: Store,
        patches: Patches,
        bands: str | Sequence[str] = "all",
        *,
        statistics: Statistics = PUBLISHED_STATISTICS,
        reference_maps: bool = False,
    ) -> None:
        self.store = store
        self.patches = patches
        self.bands = select_bands(bands)
        self.reference_maps = reference_maps
        self._mean, std = normalisation(self.bands, statistics)
        self._scale = 1 / std  # one multiplication takes a fifth of the time of a division
        self._memory = BatchMemory()
        self._channels = {
            sensor: [(channel, band) for channel, band in enumerate(self.bands) if band.sensor == sensor]
            for sensor in ("s1", "s2")
        }
        self._side_px: int | None = None

    def __len__(self) -> int:
        return len(self.patches)

    def __getitem__(self, index: int | Draw) -> Batch:
        """One sample: the tensors of a batch without their first axis."""
        return {name: values[0] for name, values in self.__getitems__([index]).items()}

    def __getitems__(self, indices: Sequence[int | Draw]) -> Batch:
        """One batch, put together at once; a `DataLoader` calls this and needs `collate_fn=as_is`.

        Raises:
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band.
            BandError: if the bands of a patch do not fit together.
        """
        draws = [index if isinstance(index, Draw) else Draw(index) for index in indices]
        rows = [draw.patch for draw in draws]
        patch_ids = self.patches.ids.take(rows).to_pylist()
        s1_names = self.patches.s1_names.take(rows).to_pylist()
        side = self._side(patch_ids[0], s1_names[0])
        images = self._memory.tensor((len(draws), len(self.bands), side, side))
        for image, draw, patch_id, s1_name in zip(images.numpy(), draws, patch_ids, s1_names, strict=True):
            self._fill(image, draw, patch_id, s1_name)
        batch: Batch = {
            "image": images,
            "label": torch.from_numpy(self.patches.labels[rows]).float(),
            "patch_id": patch_ids,
        }
        if self.reference_maps:
            masks = [_flipped(self._mask(name), draw) for name, draw in zip(patch_ids, draws, strict=True)]
            batch["mask"] = torch.from_numpy(np.stack(masks).astype(np.int64))
        return batch

    def _fill(self, image: NDArray[np.float32], draw: Draw, patch_id: str, s1_name: str) -> None:
        """Write the normalised and flipped bands of one patch into `image`, shape (C, H, W)."""
        for sensor, key in (("s1", s1_name), ("s2", patch_id)):
            channels = self._channels[sensor]
            if channels:
                pixels = self.store.tensors(key, tuple(band.name for _, band in channels))
                for (channel, _), band in zip(channels, pixels, strict=True):
                    _normalise(_flipped(band, draw), self._mean[channel], self._scale[channel], image[channel])

    def _mask(self, patch_id: str) -> NDArray[np.int8]:
        """Class index of each pixel, shape (H, W)."""
        (codes,) = self.store.tensors(reference_map_key(patch_id), (REFERENCE_MAP_TENSOR,))
        return self.patches.legend.class_map(codes)

    def _side(self, patch_id: str, s1_name: str) -> int:
        """Pixels along one side of an image; the first patch tells how large patches are."""
        if self._side_px is None:
            band = self.bands[0]
            (pixels,) = self.store.tensors(s1_name if band.sensor == "s1" else patch_id, (band.name,))
            self._side_px = pixels.shape[0] * band.resolution_m // _IMAGE_RESOLUTION_M
        return self._side_px


def as_is(batch: Any) -> Any:  # noqa: ANN401 - what DataLoader calls a list is the batch here
    """`collate_fn` for a `DataLoader`: the data set gives whole batches."""
    return batch


def _flipped(pixels: NDArray[Any], draw: Draw) -> NDArray[Any]:
    """A flipped view of `pixels`, shape (H, W)."""
    return pixels[:: -1 if draw.vertical else 1, :: -1 if draw.horizontal else 1]


def _normalise(pixels: NDArray[Any], mean: np.float32, scale: np.float32, out: NDArray[np.float32]) -> None:
    """Write `(pixels - mean) * scale` into `out`, each pixel repeated as often as `out` is larger.

    Raises:
        BandError: if the side of `out` is not a multiple of that of `pixels`.
    """
    side = pixels.shape[-1]
    factor, rest = divmod(out.shape[-1], side)
    if rest or factor < 1 or pixels.shape != (side, side):
        raise BandError(
            f"a band of {' x '.join(map(str, pixels.shape))} pixels cannot be upsampled to "
            f"{' x '.join(map(str, out.shape))} pixels",
            hint="all patches of a store must have the same size",
        )
    normalised = out if factor == 1 else np.empty((side, side), np.float32)
    np.copyto(normalised, pixels, casting="unsafe")
    np.subtract(normalised, mean, out=normalised)
    np.multiply(normalised, scale, out=normalised)
    if factor > 1:
        _repeat(normalised, factor, out)


def _repeat(pixels: NDArray[np.float32], factor: int, out: NDArray[np.float32]) -> None:
    """Nearest-neighbour upsampling: along the rows first, then whole rows: faster than both at once."""
    for offset in range(factor):
        out[::factor, offset::factor] = pixels
    for offset in range(1, factor):
        out[offset::factor] = out[::factor]
