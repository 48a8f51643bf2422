"""The Lightning data module: a store and metadata tables as training, validation and test batches."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import lightning
import pyarrow.compute as pc
import torch

from reben.core.classes import Legend
from reben.data.dataset import Batch, PatchDataset, Sample
from reben.data.image_transform import ImageTransform
from reben.data.loader import BatchLoader
from reben.data.opening import AnyStatistics, chosen_statistics, data_at
from reben.data.patches import Patches, chosen_patches
from reben.data.sampling import ShuffledIndices
from reben.data.stored_bands import bands_of
from reben.data.targets import Target
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import AnyPath, flagged, read_metadata
from reben.io.dataset.patch_lists import listed_rows
from reben.io.store import Store, open_store
from reben.net.addresses import Address

if TYPE_CHECKING:
    import pyarrow as pa

    from reben.data.native_resolution import SensorLayout

_MOST_WORKERS = 8


class PatchDataModule(lightning.LightningDataModule):
    """Batches of a store, split as the metadata tables say.

    Args:
        data: a data folder, which holds a store and its tables; or a store, with `metadata`.
        metadata: one or several metadata tables; None takes those of the data folder.
        bands: a set (`s1`, `s2`, `all`, `rgb`) or band names.
        batch_size: patches per batch, over all processes and parts.
        parts: into which each process's share of a training batch is cut, for accumulated gradients.
        workers: loading threads; 0 makes each batch when it is asked for; None chooses several beside a GPU, which
            would else wait, and none beside training on the CPU, which needs the processors itself.
        native: bring raw pixels to the device and make images there; None does so if there is a GPU.
        seed: of order and flips of the training patches.
        shuffle_block: patches that stay near each other when training patches are shuffled, see `ShuffledIndices`; more
            than 1 helps where the store does not fit into memory.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        reference_maps: give `mask` with every batch.
        target: give `target` with every batch, a number per patch: a column of the metadata tables, or `share:CLASS`.
        statistics: means and standard deviations by band, or the path of a file of them; `data` takes
            `statistics.json` of the data folder if there is one, else the published ones; None leaves pixels as they
            are stored.
        legend: classes of the labels; None is that of the data set (`legend.toml` beside its tables), else reBEN's.
        patches: list of the patches to use, of all splits; None for all that the tables have.
        transforms: called with each training sample, returns the sample to use instead: augmentation beside the flips.
        predict_split: split that `Trainer.predict` takes; None takes all patches.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table is wrong, or does not fit the store.
    """

    def __init__(
        self,
        data: AnyPath | Address,
        metadata: AnyPath | Sequence[AnyPath] | None = None,
        *,
        bands: str | Sequence[str] = "all",
        batch_size: int = 512,
        parts: int = 1,
        workers: int | None = None,
        native: bool | None = None,
        seed: int = 0,
        shuffle_block: int = 1,
        snow_and_cloud: bool = False,
        reference_maps: bool = False,
        target: str | None = None,
        statistics: AnyStatistics = "data",
        legend: Legend | None = None,
        patches: AnyPath | None = None,
        transforms: Callable[[Sample], Sample] | None = None,
        predict_split: str | None = "test",
    ) -> None:
        super().__init__()
        found = data_at(data, metadata)
        self.store: Store = open_store(found.store)
        self.legend = legend or legend_of_tables(found.metadata)
        self.target = None if target is None else Target.parse(target)
        columns = [] if self.target is None or self.target.column is None else [self.target.column]
        self.metadata: pa.Table = read_metadata(found.metadata, legend=self.legend, numbers=columns)
        if patches is not None:
            self.metadata = listed_rows(self.metadata, Path(patches))
        first = self.metadata["patch_id"][0].as_py() if self.metadata.num_rows else ""
        self.bands = bands_of(self.store, first, bands)
        self.batch_size = batch_size
        self.parts = parts
        self.workers = _suitable_workers() if workers is None else workers
        self.native = torch.cuda.is_available() if native is None else native
        self.seed = seed
        self.shuffle_block = shuffle_block
        self.snow_and_cloud = snow_and_cloud
        self.reference_maps = reference_maps
        self.statistics = chosen_statistics(found, statistics)
        self.transforms = transforms
        self.predict_split = predict_split
        self._datasets: dict[str, PatchDataset] = {}
        self._preparations: dict[torch.device, ImageTransform] = {}
        self._layouts: tuple[SensorLayout, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of `label`."""
        return self.legend.class_names

    @property
    def has_snow_and_cloud(self) -> bool:
        """Whether the tables list a patch with seasonal snow, clouds or cloud shadows."""
        return bool(pc.any(flagged(self.metadata), min_count=0).as_py())

    def dataset(self, split: str) -> PatchDataset:
        """The data set of a split: `train`, `validation` or `test`.

        Raises:
            NoPatchError: if the split has no patch.
            MetadataError: if the store lacks one.
        """
        if split not in self._datasets:
            patches = self._chosen(split)
            self._datasets[split] = self.dataset_of(patches, transforms=self.transforms if split == "train" else None)
        return self._datasets[split]

    def dataset_of(self, patches: Patches, *, transforms: Callable[[Sample], Sample] | None = None) -> PatchDataset:
        """A data set of any patches, with the module's bands and normalisation."""
        names = [band.name for band in self.bands]
        return PatchDataset(
            self.store,
            patches,
            names,
            statistics=self.statistics,
            reference_maps=self.reference_maps,
            target=self.target,
            transforms=transforms,
            pinned=self.native and torch.cuda.is_available(),
        )

    def train_dataloader(self) -> BatchLoader:
        """Shuffled and flipped batches.

        A last batch too small for two patches per process and part is left out: batch normalisation cannot take one.
        """
        dataset = self.dataset("train")
        indices = ShuffledIndices(len(dataset), seed=self.seed, block=self.shuffle_block)
        return self.loader(dataset, sampler=indices)

    def val_dataloader(self) -> BatchLoader:
        """Validation batches, in order."""
        return self.loader(self.dataset("validation"))

    def test_dataloader(self) -> BatchLoader:
        """Test batches, in order."""
        return self.loader(self.dataset("test"))

    def predict_dataloader(self) -> BatchLoader:
        """Batches of `predict_split`, in order."""
        if self.predict_split is not None:
            return self.loader(self.dataset(self.predict_split))
        return self.loader(self.dataset_of(self._chosen(None)))

    def _chosen(self, split: str | None) -> Patches:
        """Patches of a split, or of all, which the store has."""
        patches = chosen_patches(
            self.metadata, self.legend, split=split, snow_and_cloud=self.snow_and_cloud, target=self.target
        )
        maps = self.reference_maps or (self.target is not None and self.target.needs_maps)
        patches.expect_in(self.store, self.bands, reference_maps=maps)
        if self.target is not None and self.target.needs_maps:
            self.target.class_number(self.legend)
        return patches

    def loader(self, dataset: PatchDataset, *, sampler: ShuffledIndices | None = None) -> BatchLoader:
        """Batches of a data set, in order or as the sampler draws them; `prepared` makes images of native ones."""
        dataset.layouts = self._layouts = self._layouts or dataset.layouts  # one for all: `prepared` is told no split
        return BatchLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            threads=self.workers,
            native=self.native and dataset.transforms is None,  # transforms need images
            parts=self.parts,
        )

    def on_after_batch_transfer(self, batch: Batch, _dataloader_index: int) -> Batch:
        """Make images of raw pixels on the device; Lightning calls this."""
        return self.prepared(batch)

    def prepared(self, batch: Batch, device: torch.device | None = None) -> Batch:
        """A batch with `image`, on `device`; as it is if it has images.

        Args:
            batch: of one of the loaders.
            device: where to; None leaves it where it is.
        """
        if device is not None:
            batch = {
                name: value.to(device, non_blocking=True) if isinstance(value, torch.Tensor) else value
                for name, value in batch.items()
            }
        if "image" in batch:
            return batch
        place = batch["flips"].device
        if place not in self._preparations:
            self._preparations[place] = ImageTransform(self._layouts, self.bands, self.statistics).to(place)
        rest = {name: value for name, value in batch.items() if name not in {"s1", "s2", "flips"}}
        return {"image": self._preparations[place](batch), **rest}


def _suitable_workers() -> int:
    processors = len(os.sched_getaffinity(0))
    return min(_MOST_WORKERS, processors - 1) if torch.cuda.is_available() else 0
