"""Patches for torchgeo's trainers: a `NonGeoDataset` and a `NonGeoDataModule` over a store.

Samples have what torchgeo's and TerraTorch's tasks ask for and nothing else, since TerraTorch hands whatever else there
is to the network. Images are normalised already. Importing this module imports torchgeo.

Source of the keys: torchgeo 0.8, `torchgeo.trainers`; TerraTorch 1.2, `terratorch.tasks`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from reben.core.errors import MissingExtraError
from reben.core.names import SPLIT_NAMES
from reben.data.dataset import PatchDataset, Sample
from reben.data.opening import AnyStatistics, open_dataset
from reben.io.dataset.metadata import AnyPath
from reben.net.addresses import Address

try:
    import kornia.augmentation as kornia
    from torchgeo.datamodules import NonGeoDataModule
    from torchgeo.datasets import NonGeoDataset
except ModuleNotFoundError as missing:
    raise MissingExtraError.needed("reben.data.torchgeo", missing.name, "backbones") from missing

_SPLITS: dict[str, str] = {**{str(name): str(name) for name in SPLIT_NAMES}, "val": "validation"}


class NonGeoPatchDataset(NonGeoDataset):  # type: ignore[misc]  # torchgeo is not typed for mypy
    """Patches as torchgeo has them: `image`, and `label` or `mask`.

    `image` is float32 of shape (C, H, W), normalised; `label` int64 of shape (classes,), 0 or 1; `mask` int64 of shape
    (H, W), -1 where unlabelled: `SemanticSegmentationTask(ignore_index=-1)`.

    Args:
        root: a data folder, which holds a store and its tables; or a store or its address, with `metadata`.
        split: `train`, `val` or `test`.
        masks: samples have the `mask`, and not the `label`.
        metadata: metadata tables; None takes those of the data folder.
        bands: a set (`s1`, `s2`, `all`, `rgb`) or band names; the order of the channels.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        statistics: means and standard deviations, see `open_dataset`; None leaves pixels as they are stored.
        transforms: called with each sample, returns the sample to use instead.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table is wrong, has no row for the split, or does not fit the store.
        BandError: if the store has no such band, or there are no statistics for it.
        ValueError: if there is no such split.
    """

    def __init__(
        self,
        root: AnyPath | Address,
        split: str = "train",
        *,
        masks: bool = False,
        metadata: AnyPath | Sequence[AnyPath] | None = None,
        bands: str | Sequence[str] = "all",
        snow_and_cloud: bool = False,
        statistics: AnyStatistics = "data",
        transforms: Callable[[Sample], Sample] | None = None,
    ) -> None:
        if split not in _SPLITS:
            raise ValueError(f"split={split!r}; expected one of {', '.join(_SPLITS)}")
        self._keys = ("image", "mask" if masks else "label")
        self.transforms = transforms
        self.patches: PatchDataset = open_dataset(
            root,
            metadata,
            split=_SPLITS[split],
            bands=bands,
            snow_and_cloud=snow_and_cloud,
            reference_maps=masks,
            statistics=statistics,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of `label`; `mask` holds their indices."""
        return self.patches.classes

    def __len__(self) -> int:
        return len(self.patches)

    def __getitem__(self, index: int) -> Sample:
        """One sample.

        Raises:
            IndexError: if there is no such patch.
        """
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """Several samples, in the order of the indices; a `DataLoader` calls this and collates them."""
        samples = map(self._shortened, self.patches.__getitems__(indices))
        return list(samples if self.transforms is None else map(self.transforms, samples))

    def _shortened(self, sample: Sample) -> Sample:
        return {key: sample[key] for key in self._keys}


class NonGeoPatchDataModule(NonGeoDataModule):  # type: ignore[misc]  # as above
    """A data folder or store for torchgeo's trainers and TerraTorch's tasks, also from the YAML files of Lightning.

    Training patches are flipped along either axis at random, as in the paper; set `train_aug` to do otherwise.
    Predictions are made of the test split, in the order of `predict_dataset.patches.patches.ids`.

    Args:
        root: a data folder, which holds a store and its tables; or a store or its address, with `metadata`.
        batch_size: patches per batch and process.
        num_workers: processes that load batches.
        masks: batches have `mask`, for maps, and not `label`.
        metadata: metadata tables; None takes those of the data folder.
        bands: a set (`s1`, `s2`, `all`, `rgb`) or band names; the order of the channels.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        statistics: means and standard deviations, see `open_dataset`; None leaves pixels as they are stored.
        transforms: called with each sample of every split, returns the sample to use instead.
    """

    mean = torch.tensor(0.0)
    std = torch.tensor(1.0)  # images are normalised by the data set

    def __init__(
        self,
        root: str,
        batch_size: int = 32,
        num_workers: int = 0,
        *,
        masks: bool = False,
        metadata: str | list[str] | None = None,
        bands: str | list[str] = "all",
        snow_and_cloud: bool = False,
        statistics: str | None = "data",
        transforms: Callable[[Sample], Sample] | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "root": root,
            "masks": masks,
            "metadata": metadata,
            "bands": bands,
            "snow_and_cloud": snow_and_cloud,
            "statistics": statistics,
            "transforms": transforms,
        }
        super().__init__(NonGeoPatchDataset, batch_size, num_workers, **given)
        self.aug = _unchanged
        self.train_aug = kornia.AugmentationSequential(
            kornia.RandomHorizontalFlip(), kornia.RandomVerticalFlip(), data_keys=None, keepdim=True
        )

    def setup(self, stage: str) -> None:
        """Open the splits that a stage needs: `fit`, `validate`, `test` or `predict`."""
        super().setup(stage)
        if stage == "predict":
            self.predict_dataset = NonGeoPatchDataset(split="test", **self.kwargs)


def _unchanged(batch: Sample) -> Sample:
    return batch
