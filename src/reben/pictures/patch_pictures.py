"""What pictures show of patches in a data folder: bands, labels and reference maps, without torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import S1_BANDS, TRUE_COLOUR, true_colour_names
from reben.core.classes import Legend
from reben.core.errors import BandError, MetadataError
from reben.io.dataset.folder import DataFolder
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.io.store import REFERENCE_MAP_TENSOR, Store, open_store, reference_map_key
from reben.pictures.rendering import class_colours, composite, radar_colour, spread, true_colour

_MAP_TITLE = "reference map"


@dataclass(frozen=True, slots=True)
class PatchPicture:
    """What is shown of one patch."""

    name: str
    tensors: Mapping[str, NDArray[Any]]
    """Bands by name, as they are stored: reflectance times 10,000, backscatter in dB."""
    labels: tuple[str, ...] = ()
    classes: NDArray[np.int8] | None = None
    """Class of each pixel, shape (H, W), -1 where unlabelled."""

    def panels(self, legend: Legend, bands: Sequence[str] = ()) -> list[tuple[str, NDArray[np.float64]]]:
        """Title and image of each panel.

        Args:
            legend: of the reference map.
            bands: one or three that are shown instead of true colour and radar.

        Raises:
            BandError: if there is nothing to show, or the patch lacks a band.
        """
        if bands:
            shown = [(", ".join(bands), composite(self.tensors, bands))]
            return shown if self.classes is None else [*shown, (_MAP_TITLE, class_colours(self.classes, legend))]
        shown = [
            ("true colour", true_colour(np.stack([self.tensors[name] for name in names], axis=-1)))
            for names in [true_colour_names(self.tensors)]
            if names is not None
        ]
        if all(name in self.tensors for name in S1_BANDS):
            shown.append(("VV, VH, VV - VH", radar_colour(*(self.tensors[name] for name in S1_BANDS))))
        if self.classes is not None:
            shown.append((_MAP_TITLE, class_colours(self.classes, legend)))
        if not shown:
            raise BandError(
                f"{self.name}: there is nothing to show of {', '.join(self.tensors)}",
                hint=f"{', '.join(TRUE_COLOUR)}, or {' and '.join(S1_BANDS)}, or a reference map are needed",
            )
        return shown


def pictures_of(
    data: DataFolder, patch_ids: Sequence[str] = (), *, split: str | None = None, count: int = 6
) -> tuple[list[PatchPicture], Legend]:
    """Pictures of the named patches, or of some that are spread evenly over the tables, and the legend.

    Args:
        data: store and tables.
        patch_ids: which patches; empty to choose.
        split: where to choose from; None for all splits.
        count: how many to choose.

    Raises:
        MetadataError: if a patch is in no table, or there is none to choose.
        StoreError: if the store lacks a patch.
    """
    legend = legend_of_tables(data.metadata)
    rows = {row["patch_id"]: row for row in read_metadata(data.metadata, legend=legend).to_pylist()}
    missing = [name for name in patch_ids if name not in rows]
    if missing:
        raise MetadataError(f"patch {missing[0]!r} is in no metadata table", hint="give the table that lists it")
    names = list(patch_ids) or spread([name for name, row in rows.items() if split in {None, row["split"]}], count)
    if not names:
        raise MetadataError("the metadata tables have no patch to draw", hint="choose another --split")
    store = open_store(data.store)
    return [_picture(store, rows[name], legend) for name in names], legend


def _picture(store: Store, row: dict[str, object], legend: Legend) -> PatchPicture:
    name, partner, labels = str(row["patch_id"]), row["s1_name"], row["labels"]
    tensors = dict(store[name])
    if isinstance(partner, str) and partner in store:
        tensors |= store[partner]
    classes = None
    if reference_map_key(name) in store:
        (codes,) = store.tensors(reference_map_key(name), (REFERENCE_MAP_TENSOR,))
        classes = legend.class_map(codes)
    return PatchPicture(name, tensors, tuple(labels) if isinstance(labels, list) else (), classes)
