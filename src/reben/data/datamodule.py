"""The Lightning data module: a store and metadata tables as training, validation and test batches."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import lightning
import torch
from torch.utils.data import DataLoader

from reben.core.bands import select_bands
from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.data.dataset import Batch, PatchDataset, as_is
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics
from reben.data.patches import Patches
from reben.data.sampling import ShuffledDraws
from reben.io.legend_files import legend_beside
from reben.io.metadata import AnyPath, read_metadata
from reben.io.store import Store, open_store

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_WORKERS = 8


class PatchDataModule(lightning.LightningDataModule):
    """Batches of a store, split as the metadata tables say.

    Args:
        store: path of the store.
        metadata: one or several metadata tables.
        bands: a set (`s1`, `s2`, `all`) or band names.
        batch_size: patches per batch.
        workers: loading processes; 0 loads in the training process; None chooses several beside a GPU, which would
            else wait, and none beside training on the CPU, which needs the processors itself.
        seed: of order and flips of the training patches.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        reference_maps: give `mask` with every batch.
        statistics: means and standard deviations of the bands.
        legend: classes of the labels; None is that of the data set (`legend.toml` beside its tables), else reBEN's.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table is wrong, or does not fit the store.
    """

    def __init__(
        self,
        store: AnyPath,
        metadata: AnyPath | Sequence[AnyPath],
        *,
        bands: str | Sequence[str] = "all",
        batch_size: int = 512,
        workers: int | None = None,
        seed: int = 0,
        snow_and_cloud: bool = False,
        reference_maps: bool = False,
        statistics: Statistics = PUBLISHED_STATISTICS,
        legend: Legend | None = None,
    ) -> None:
        super().__init__()
        self.store: Store = open_store(store)
        tables = [Path(metadata)] if isinstance(metadata, str | os.PathLike) else [Path(path) for path in metadata]
        self.legend = legend or legend_beside(tables)
        self.metadata: pa.Table = read_metadata(tables, legend=self.legend)
        self.bands = select_bands(bands)
        self.batch_size = batch_size
        self.workers = _suitable_workers() if workers is None else workers
        self.seed = seed
        self.snow_and_cloud = snow_and_cloud
        self.reference_maps = reference_maps
        self.statistics = statistics
        self._datasets: dict[str, PatchDataset] = {}

    def dataset(self, split: str) -> PatchDataset:
        """The data set of a split: `train`, `validation` or `test`.

        Raises:
            MetadataError: if the split has no patch, or the store lacks one.
        """
        if split not in self._datasets:
            patches = Patches.from_metadata(
                self.metadata, split=split, snow_and_cloud=self.snow_and_cloud, legend=self.legend
            )
            if not len(patches):
                raise MetadataError(
                    f"the metadata tables have no patch for the {split} split",
                    hint="give the tables that list them; snowy and cloudy patches take part only if asked for",
                )
            patches.expect_in(self.store, self.bands, reference_maps=self.reference_maps)
            self._datasets[split] = self.dataset_of(patches)
        return self._datasets[split]

    def dataset_of(self, patches: Patches) -> PatchDataset:
        """A data set of any patches, with the module's bands and normalisation."""
        names = [band.name for band in self.bands]
        return PatchDataset(self.store, patches, names, statistics=self.statistics, reference_maps=self.reference_maps)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled and flipped batches.

        A last batch of a single patch is left out: batch normalisation cannot take it.
        """
        dataset = self.dataset("train")
        single_rest = len(dataset) > 1 and len(dataset) % self.batch_size == 1
        return self.loader(dataset, sampler=ShuffledDraws(len(dataset), seed=self.seed), drop_last=single_rest)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Validation batches, in order."""
        return self.loader(self.dataset("validation"))

    def test_dataloader(self) -> DataLoader[Batch]:
        """Test batches, in order."""
        return self.loader(self.dataset("test"))

    def loader(
        self, dataset: PatchDataset, *, sampler: ShuffledDraws | None = None, drop_last: bool = False
    ) -> DataLoader[Batch]:
        """Batches of a data set, in order or as the sampler draws them."""
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            collate_fn=as_is,
            drop_last=drop_last,
        )


def _suitable_workers() -> int:
    processors = len(os.sched_getaffinity(0))
    return min(_MOST_WORKERS, processors - 1) if torch.cuda.is_available() else 0
