"""The patches that a data set is made of: ids, Sentinel-1 partners and label vectors, taken from metadata tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.bands import Band
from reben.core.classes import CLC2018, Legend
from reben.core.errors import MetadataError, NoPatchError
from reben.core.names import REFERENCE_MAP_SUFFIX, SPLIT_NAMES, V1_PATCH_PATTERN
from reben.data.targets import Target
from reben.io.dataset.metadata import flagged
from reben.io.store import Store

_SOME = 1 << 16


@dataclass(frozen=True)
class Patches:
    """Patches in a fixed order."""

    ids: pa.StringArray
    """Patch ids."""
    s1_names: pa.StringArray
    """Name of the Sentinel-1 partner of each patch; null where it has none."""
    labels: NDArray[np.uint8]
    """Multi-hot labels, shape (patches, classes), classes in the legend's order."""
    legend: Legend
    split: str | None = None
    """Split that they were taken from; None if they were not chosen by split."""
    targets: NDArray[np.float32] | None = None
    """Number of each patch that regression learns, shape (patches,), if it is in the metadata tables."""

    @classmethod
    def from_metadata(
        cls,
        table: pa.Table,
        *,
        split: str | None = None,
        snow_and_cloud: bool = False,
        legend: Legend = CLC2018,
        target: Target | None = None,
    ) -> Self:
        """Rows of a metadata table (`read_metadata`) as patches.

        Args:
            table: columns of `reben.io.dataset.metadata.SCHEMA`.
            split: keep this split only; None keeps all.
            snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows, too. The paper leaves them out.
            legend: classes of the labels.
            target: what regression learns; its column, if it has one, is among those of the table.

        Raises:
            MetadataError: if there is no such split, or a patch has no number.
        """
        if split is not None and split not in SPLIT_NAMES:
            raise MetadataError(f"{split!r} is not a split", hint=f"the splits are {', '.join(SPLIT_NAMES)}")
        if split is not None:
            table = table.filter(pc.equal(table["split"], split))
        if not snow_and_cloud:
            table = table.filter(pc.invert(flagged(table)))
        return cls(
            ids=table["patch_id"].combine_chunks(),
            s1_names=table["s1_name"].combine_chunks(),
            labels=_multi_hot(table["labels"].combine_chunks(), legend),
            legend=legend,
            split=split,
            targets=None if target is None or target.column is None else target.values(table),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, patch_ids: Sequence[str]) -> Self:
        """The named patches, in the order of the names.

        Raises:
            MetadataError: if a name is not among the patches.
        """
        rows = pc.index_in(pa.array(patch_ids, pa.string()), self.ids)
        if rows.null_count:
            missing = patch_ids[int(np.flatnonzero(rows.is_null().to_numpy(zero_copy_only=False))[0])]
            raise MetadataError(
                f"patch {missing!r} is in none of the metadata tables",
                hint="give the table that lists it; snowy and cloudy patches have a table of their own",
            )
        return self.at(rows.to_numpy())

    def at(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The patches in these rows, in this order."""
        chosen = np.asarray(rows, np.int64)
        return replace(
            self,
            ids=self.ids.take(chosen),
            s1_names=self.s1_names.take(chosen),
            labels=self.labels[chosen],
            targets=None if self.targets is None else self.targets[chosen],
        )

    def expect_in(self, store: Store, bands: Sequence[Band], *, reference_maps: bool = False) -> None:
        """Check that the store has all that is needed, before hours of work depend on it.

        Raises:
            MetadataError: if a patch lacks a Sentinel-1 partner that the bands need, or the store lacks a value.
        """
        sensors = {band.sensor for band in bands}
        if "s1" in sensors and self.s1_names.null_count:
            raise MetadataError(
                f"{self.s1_names.null_count} of {len(self)} patches have no Sentinel-1 partner",
                hint="train with --bands s2, or build the data set with Sentinel-1",
            )
        parts: dict[str, pa.StringArray] = {}
        if "s2" in sensors:
            parts["Sentinel-2 patches"] = self.ids
        if "s1" in sensors:
            parts["Sentinel-1 patches"] = self.s1_names
        if reference_maps:
            parts["reference maps"] = pc.binary_join_element_wise(self.ids, REFERENCE_MAP_SUFFIX, "")
        lacks = store.lacks(key for keys in parts.values() for key in _each(keys))
        for number, (part, keys) in enumerate(parts.items()):
            lacking = np.flatnonzero(lacks[number * len(self) : (number + 1) * len(self)])
            if len(lacking):
                raise MetadataError(
                    f"{store.path} lacks {len(lacking)} of {len(self)} {part}, such as {keys[lacking[0]].as_py()!r}",
                    hint=_lacking_hint(keys[lacking[0]].as_py()),
                )


def _lacking_hint(name: str) -> str:
    if re.fullmatch(V1_PATCH_PATTERN, name, re.ASCII):
        return "this is a name of BigEarthNet v1; give the metadata tables of reBEN, which is version 2"
    return "encode the data set that the metadata tables describe"


def chosen_patches(
    rows: pa.Table, legend: Legend, *, split: str | None, snow_and_cloud: bool, target: Target | None = None
) -> Patches:
    """Patches of a split, or of all.

    Args:
        rows: of metadata tables.
        legend: classes of their labels.
        split: `train`, `validation`, `test`, or None for all.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        target: what regression learns.

    Raises:
        NoPatchError: if there is none.
        MetadataError: if there is no such split.
    """
    patches = Patches.from_metadata(rows, split=split, snow_and_cloud=snow_and_cloud, legend=legend, target=target)
    if not len(patches):
        what = f"no patch for the {split} split" if split else "no patch"
        hint = "give the tables that list them"
        if not snow_and_cloud and len(Patches.from_metadata(rows, split=split, snow_and_cloud=True, legend=legend)):
            hint = "all of them have snow, clouds or shadows; add --snow-and-cloud (snow_and_cloud=True) to keep them"
        raise NoPatchError(f"the metadata tables have {what}", hint=hint)
    return patches


def _each(keys: pa.StringArray) -> Iterator[bytes]:
    """The keys one by one, without a Python object for each of them at a time."""
    for first in range(0, len(keys), _SOME):
        yield from keys[first : first + _SOME].cast(pa.binary()).to_pylist()


def _multi_hot(labels: pa.ListArray, legend: Legend) -> NDArray[np.uint8]:
    """Label vectors, shape (patches, classes)."""
    vectors = np.zeros((len(labels), len(legend.class_names)), np.uint8)
    rows = pc.list_parent_indices(labels).to_numpy()
    columns = pc.index_in(pc.list_flatten(labels), pa.array(legend.class_names)).to_numpy()
    vectors[rows, columns] = 1
    return vectors
