"""The torch data set: patches of a store as normalised images at 10 m, with label vectors and, if asked for, masks.

Samples and batches are dicts with the keys and data types that torchgeo uses: `image`, `label`, `mask`, and `patch_id`.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, SupportsIndex, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, default_collate

from reben.core.bands import BAND_SETS, Band
from reben.core.cards import Count, card
from reben.core.errors import SampleError, StoreError
from reben.data.buffers import BatchMemory
from reben.data.kernels import copy_rows, fill_images, first_damaged
from reben.data.native_resolution import Located, SensorLayout, image_side_px, locate, most_common_key, read_layout
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics, normalisation
from reben.data.patches import Patches
from reben.data.stored_bands import bands_of, is_foreign
from reben.data.targets import Target, share_of_class
from reben.data.unfinished import UnfinishedBatch
from reben.io.store import REFERENCE_MAP_TENSOR, Store, reference_map_key
from reben.net.addresses import Address

Sample = dict[str, Any]
"""`image`: float32 (C, H, W); `label`: int64 (classes,), 0 or 1; `mask`: int64 (H, W); `patch_id`: str; and, if it is
asked for, `target`: float32 ()."""

Batch = dict[str, Any]
"""`image`: float32 (B, C, H, W); `label`: int64 (B, classes); `mask`: int64 (B, H, W); `patch_id`: list of str."""


_SOME_PATCHES = 64
"""Enough to tell which size most images of a data set have."""


class FlippedIndex(NamedTuple):
    """Which patch to take, and how to flip it."""

    patch: int
    """Number of the patch in the data set."""
    horizontal: bool = False
    """Swap west and east."""
    vertical: bool = False
    """Swap north and south."""


class PatchDataset(Dataset[Sample]):
    """Patches as tensors: `len(dataset)`, `dataset[3]`, `dataset[-1]`, `dataset[10:20]`, and any `DataLoader` over it.

    Bands of 20 m and 60 m are upsampled to 10 m by nearest neighbour, then every band is normalised (reBEN paper,
    section III). An index is a number, or a `FlippedIndex` with flips; `ShuffledIndices` makes those for training.

    `batch([0, 5, 7])` puts a whole batch together at once. `reben.PatchDataModule` and its loaders use it; it takes a
    fraction of the time of collating single samples.

    Args:
        store: where the pixels are.
        patches: which patches, in which order.
        bands: a set (`s1`, `s2`, `all`) or band names; the order of the channels. Stores of other data sets than
            reBEN's have the bands with which they were encoded; `all` takes these.
        statistics: means and standard deviations; None leaves pixels as they are stored.
        reference_maps: whether to give `mask`, the class index of each pixel, -1 where unlabelled.
        target: whether to give `target`, a number per patch: a column of the metadata tables, or `share:CLASS`.
        transforms: called with each sample, a dict of tensors, and returns the sample to use instead, as in torchgeo.
        pinned: use memory from which a GPU can fetch batches by itself.

    Raises:
        BandError: if a band is unknown or has no statistics.
        KeyNotFoundError: if the store lacks the first patch.
    """

    def __init__(
        self,
        store: Store,
        patches: Patches,
        bands: str | Sequence[str] = "all",
        *,
        statistics: Statistics | None = PUBLISHED_STATISTICS,
        reference_maps: bool = False,
        target: Target | None = None,
        transforms: Callable[[Sample], Sample] | None = None,
        pinned: bool = False,
    ) -> None:
        self.store = store
        self.patches = patches
        self.bands = bands_of(store, patches.ids[0].as_py() if len(patches) else "", bands)
        self.statistics = statistics
        self.reference_maps = reference_maps
        self.target = target
        self.transforms = transforms
        chosen = normalisation([band.name for band in self.bands], statistics)
        self._mean, self._scale = chosen.mean, chosen.scale
        self._memory = BatchMemory(pinned=pinned)
        self._layouts: tuple[SensorLayout, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of `label`; `mask` holds their indices."""
        return self.patches.legend.class_names

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image, before transforms."""
        side = image_side_px(self.layouts)
        return len(self.bands), side, side

    def __len__(self) -> int:
        return len(self.patches)

    @overload
    def __getitem__(self, index: SupportsIndex | FlippedIndex) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "PatchDataset": ...
    def __getitem__(self, index: SupportsIndex | FlippedIndex | slice) -> "Sample | PatchDataset":
        """One sample; a slice gives a data set of these patches.

        Raises:
            IndexError: if there is no such patch.
            KeyNotFoundError: if the store lacks the patch.
            StoreError: if its value lacks a band.
            BandError: if its bands do not fit together.
        """
        if isinstance(index, slice):
            return self.of(self.patches.at(range(*index.indices(len(self)))))
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[SupportsIndex | FlippedIndex]) -> list[Sample]:
        """Several samples, in the order of the indices; a `DataLoader` calls this and collates them."""
        if len(indices) == 0:
            return []
        batch = self._untransformed_batch([self._as_flipped(index) for index in indices])
        samples = [{name: values[number] for name, values in batch.items()} for number in range(len(indices))]
        return samples if self.transforms is None else [_expect_sample(self.transforms(sample)) for sample in samples]

    def of(self, patches: Patches) -> "PatchDataset":
        """A data set of other patches of the same store, with the same bands, statistics and transforms."""
        others = PatchDataset(
            self.store,
            patches,
            [band.name for band in self.bands],
            statistics=self.statistics,
            reference_maps=self.reference_maps,
            target=self.target,
            transforms=self.transforms,
            pinned=self._memory.pinned,
        )
        if len(self):  # where images vary in size, the first patches of each would tell another one
            others.layouts = self.layouts
        return others

    def batch(self, indices: Sequence[SupportsIndex | FlippedIndex]) -> Batch:
        """One batch, put together at once.

        Raises:
            IndexError: if there is no such patch, or none is asked for.
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band.
            BandError: if the bands of a patch do not fit together.
        """
        if len(indices) == 0:
            raise IndexError("a batch needs at least one patch; no index was given")
        if self.transforms is not None:
            collated: Batch = default_collate(self.__getitems__(indices))
            return collated
        return self._untransformed_batch([self._as_flipped(index) for index in indices])

    def _untransformed_batch(self, indices: Sequence[FlippedIndex]) -> Batch:
        return self._unfinished_images(indices).finished()

    def unfinished_batch(self, indices: Sequence[SupportsIndex | FlippedIndex], *, native: bool) -> UnfinishedBatch:
        """One batch whose pixels are still to be written, by as many threads as there are.

        Args:
            indices: of the patches, at least one.
            native: raw pixels, see `native_batch`, instead of images.

        Raises:
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band; damaged pixels are noticed when they are written.
            BandError: if the bands of a patch do not fit together.
        """
        flipped = [self._as_flipped(index) for index in indices]
        return self._unfinished_pixels(flipped) if native else self._unfinished_images(flipped)

    @property
    def is_made_in_pieces(self) -> bool:
        """Whether several threads can make one batch: transforms and values over the line are had patch by patch."""
        return self.transforms is None and not isinstance(self.store.path, Address)

    def _unfinished_images(self, indices: Sequence[FlippedIndex]) -> UnfinishedBatch:
        batch, flips, side = self._rest_of_batch(indices), _flips(indices).numpy(), image_side_px(self.layouts)
        images = self._memory.tensor((len(indices), len(self.bands), side, side))
        located = self._locate(indices)

        def write(patches: slice) -> None:
            for layout, keys, found in located:
                self._expect_finite(layout, keys, found, patches)
                fill_images(
                    found.addresses[patches],
                    np.empty(0, layout.dtype),
                    layout.offsets,
                    layout.sides,
                    layout.channels,
                    self._mean[layout.channels],
                    self._scale[layout.channels],
                    flips[patches],
                    images.numpy()[patches],
                )

        return UnfinishedBatch({"image": images, **batch}, len(indices), write)

    def _unfinished_pixels(self, indices: Sequence[FlippedIndex]) -> UnfinishedBatch:
        batch: Batch = {"flips": _flips(indices), **self._rest_of_batch(indices)}
        located = self._locate(indices)
        for layout, _, _ in located:
            batch[layout.sensor] = self._memory.tensor((len(indices), layout.pixels), layout.dtype)
        rows = {layout.sensor: batch[layout.sensor].numpy() for layout, _, _ in located}

        def write(patches: slice) -> None:
            for layout, keys, found in located:
                self._expect_finite(layout, keys, found, patches)
                copy_rows(found.addresses[patches], rows[layout.sensor][patches])

        return UnfinishedBatch(batch, len(indices), write)

    def _expect_finite(self, layout: SensorLayout, keys: Sequence[str], found: Located, patches: slice) -> None:
        """Check the raw pixels of some patches.

        Raises:
            StoreError: if one is NaN or infinite.
        """
        if layout.dtype == np.float32:
            damaged = first_damaged(found.addresses[patches], layout.pixels)
            if damaged >= 0:
                raise _not_finite(self.store, keys[patches.start + damaged])

    def _as_flipped(self, index: SupportsIndex | FlippedIndex) -> FlippedIndex:
        """An index, counted from the end if it is negative, with flips.

        Raises:
            IndexError: if there is no such patch.
            TypeError: if it is not an index.
        """
        if isinstance(index, FlippedIndex):
            return index
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"index {number} is out of range: the data set has {len(self)} patches")
        return FlippedIndex(number % len(self))

    def __repr__(self) -> str:
        split = self.patches.split or "all splits"
        maps = ", reference maps" if self.reference_maps else ""
        return f"PatchDataset({len(self):,} patches, {split}, bands {_shortened(self.bands)}{maps})"

    def _repr_html_(self) -> str:
        """What the data set holds, with the patches of each class, for notebooks."""
        numbers = self.patches.labels.sum(axis=0, dtype=np.int64).tolist()
        colours = self.patches.legend.class_colours
        facts = {
            "patches": len(self),
            "split": self.patches.split or "all splits",
            "bands": ", ".join(band.name for band in self.bands),
            "reference maps": "yes" if self.reference_maps else "no",
        }
        return card("Data set", facts, map(Count, self.classes, numbers, colours), counted="patches per class")

    def native_batch(self, indices: Sequence[SupportsIndex | FlippedIndex]) -> Batch:
        """One batch of raw pixels, for `ImageTransform` to make images of on the device.

        Returns:
            per sensor (`s1`, `s2`) raw pixels, shape (B, n), see `layouts`; `flips`, bool, shape (B, 2), horizontal and
            vertical; all else as in a batch of images.

        Raises:
            KeyNotFoundError: if the store lacks a patch.
            StoreError: if a value lacks a band.
            BandError: if the bands of a patch do not fit together.
        """
        return self.unfinished_batch(indices, native=True).finished()

    def _locate(self, indices: Sequence[FlippedIndex]) -> list[tuple[SensorLayout, list[str], Located]]:
        """Keys and raw pixels of each sensor that is needed.

        Raises:
            KeyNotFoundError: if the store lacks a value.
            StoreError: if a value lacks a band.
            BandError: if a value has another size.
        """
        rows = [index.patch for index in indices]
        names = {"s1": self.patches.s1_names, "s2": self.patches.ids}
        keys = {layout.sensor: names[layout.sensor].take(rows).to_pylist() for layout in self.layouts}
        return [
            (layout, keys[layout.sensor], locate(self.store, keys[layout.sensor], layout)) for layout in self.layouts
        ]

    def _rest_of_batch(self, indices: Sequence[FlippedIndex]) -> Batch:
        """Everything but the pixels of bands."""
        rows = [index.patch for index in indices]
        patch_ids = self.patches.ids.take(rows).to_pylist()
        batch: Batch = {"label": torch.from_numpy(self.patches.labels[rows]).long(), "patch_id": patch_ids}
        if self.reference_maps:
            self.store.fetch(map(reference_map_key, patch_ids))
            masks = [_flipped(self._mask(name), index) for name, index in zip(patch_ids, indices, strict=True)]
            batch["mask"] = torch.from_numpy(np.stack(masks).astype(np.int64))
        if self.target is not None:
            batch["target"] = torch.from_numpy(self._targets(self.target, rows, patch_ids))
        return batch

    def _targets(self, target: Target, rows: Sequence[int], patch_ids: Sequence[str]) -> NDArray[np.float32]:
        """Numbers of some patches, shape (rows,)."""
        if self.patches.targets is not None:
            return self.patches.targets[rows]
        number = target.class_number(self.patches.legend)
        self.store.fetch(map(reference_map_key, patch_ids))
        return np.array([share_of_class(self._mask(name), number, name) for name in patch_ids], np.float32)

    @property
    def layouts(self) -> tuple[SensorLayout, ...]:
        """Where the bands lie in raw pixels; the first patch tells it, unless it is set.

        Raises:
            KeyNotFoundError, StoreError, BandError: if the first patch cannot be read.
        """
        if not self._layouts:
            keys = {"s1": self.patches.s1_names[0].as_py(), "s2": self.patches.ids[0].as_py()}
            if any(map(is_foreign, self.bands)):  # images of some data sets vary in size
                keys["s2"] = most_common_key(self.store, self.patches.ids[:_SOME_PATCHES].to_pylist())
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


def _not_finite(store: Store, key: str) -> StoreError:
    """Name the first pixel of a value that is NaN or infinite."""
    for name, pixels in store[key].items():
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            row, column = np.argwhere(~np.isfinite(pixels))[0].tolist()
            return StoreError(
                f"{store.path}, key {key!r}: {name} is {pixels[row, column]} in row {row}, column {column}",
                hint="leave the patch out of the metadata tables, or build and encode it again from sound data; "
                "`reben store check` lists all such values",
            )
    return StoreError(f"{store.path}, key {key!r}: has a pixel that is not a number")


def _expect_sample(found: Any) -> Sample:  # noqa: ANN401 - whatever a user's function returns
    """What transforms returned, if it is a sample.

    Raises:
        SampleError: if it is something else, such as None where a function lacks its `return`.
    """
    if not isinstance(found, dict):
        raise SampleError(
            f"the transforms (--augmentation) returned {type(found).__name__}; expected the sample, a dict",
            hint="end the function with `return sample`",
        )
    return found


def _flips(indices: Sequence[FlippedIndex]) -> torch.Tensor:
    """Horizontal and vertical of each index, bool, shape (B, 2)."""
    return torch.from_numpy(
        np.array([(index.horizontal, index.vertical) for index in indices], np.bool_).reshape(-1, 2)
    )


def _flipped(pixels: NDArray[Any], index: FlippedIndex) -> NDArray[Any]:
    """A flipped view of `pixels`, shape (H, W)."""
    return pixels[:: -1 if index.vertical else 1, :: -1 if index.horizontal else 1]


def _shortened(bands: Sequence[Band]) -> str:
    """The name of the band set, or the names of the bands."""
    names = tuple(band.name for band in bands)
    known = next((name for name, members in BAND_SETS.items() if members == names), None)
    if known is not None:
        return known
    most = 6
    return ",".join(names) if len(names) <= most else f"{','.join(names[:3])},...,{names[-1]} ({len(names)})"
