"""What figures of a data set show, taken from its tables and its store."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reben.compare.earlier import Earlier
from reben.compare.versions import earlier_names
from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.core.grid import PatchGrid
from reben.core.names import SPLIT_NAMES, PatchName, TileName, tile_of
from reben.core.v1_labels import class_of_label
from reben.describe.footprints import footprints_of
from reben.io.dataset.folder import DataFolder
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.tile_extents import TileExtents
from reben.io.store import REFERENCE_MAP_TENSOR, Store, open_store, reference_map_key
from reben.pictures.overview import Overview
from reben.pictures.patch_pictures import PatchPicture, pictures_of
from reben.pictures.patches import LabelledPatch
from reben.pictures.reference_maps import MapPicture
from reben.pictures.rendering import rgb_of, spread
from reben.pictures.splits import NO_PATCH
from reben.rules.seasons import SEASONS, meteorological_season

_UNKNOWN = "unknown"
_CANDIDATES = 24
_HIDDEN = 1_000
"""Added to the number of labels of patches whose ground is hidden."""


def overview_of(title: str, rows: pa.Table, legend: Legend, extents: TileExtents) -> Overview:
    """Places and counts of all patches of some tables.

    Args:
        title: above all.
        rows: of the tables.
        legend: of their labels.
        extents: where tiles lie.

    Raises:
        MetadataError: if there are no rows, or it is not known where a patch lies.
    """
    if not rows.num_rows:
        raise MetadataError("the metadata tables have no patches")
    footprints = footprints_of(rows["patch_id"], extents)
    splits = np.array([SPLIT_NAMES.index(split) for split in rows["split"].to_pylist()], np.int64)
    tiles = [tile_of(name) for name in rows["patch_id"].to_pylist()]
    season_of = {tile: meteorological_season(TileName.parse(tile).sensing_time) for tile in set(tiles)}
    countries = [country or _UNKNOWN for country in rows["country"].to_pylist()]
    labels = [
        (label, split)
        for names, split in zip(rows["labels"].to_pylist(), splits.tolist(), strict=True)
        for label in names
    ]
    counts = {
        "class": _counted([name for name, _ in labels], [split for _, split in labels], legend.class_names),
        "country": _counted(countries, splits.tolist(), sorted(set(countries))),
        "season": _counted([season_of[tile] for tile in tiles], splits.tolist(), SEASONS),
    }
    return Overview(title, footprints.rings[:, :4].mean(axis=1), splits, counts)


def _counted(values: Sequence[str], splits: Sequence[int], order: Sequence[str]) -> dict[str, list[int]]:
    """Patches per value, one number per split; values that do not occur are left out."""
    found: dict[str, list[int]] = {name: [0] * len(SPLIT_NAMES) for name in order}
    for value, split in zip(values, splits, strict=True):
        found[value][split] += 1
    return {name: numbers for name, numbers in found.items() if any(numbers)}


def marked_patches(
    data: DataFolder, rows: pa.Table, earlier: Earlier, legend: Legend, patch_ids: Sequence[str], *, count: int
) -> list[LabelledPatch]:
    """Patches whose labels changed, those with most changes first; the labels of now count as true.

    Args:
        data: with the images.
        rows: of its tables.
        earlier: labels of the earlier version.
        legend: of the classes.
        patch_ids: which patches; empty to choose.
        count: how many to choose.

    Raises:
        MetadataError: if no patch has labels in both versions, or one that is named has none.
        LegendError: if an earlier label is unknown.
    """
    names = dict(zip(rows["patch_id"].to_pylist(), earlier_names(earlier, rows), strict=True))
    now = {patch: frozenset(labels) for patch, labels in zip(names, rows["labels"].to_pylist(), strict=True)}
    before = {
        patch: frozenset(_classes(earlier.labels[name], legend))
        for patch, name in names.items()
        if name is not None and name in earlier.labels
    }
    missing = [patch for patch in patch_ids if patch not in before]
    if missing or not before:
        what = f"{missing[0]} has" if missing else "no patch of the data set has"
        raise MetadataError(f"{what} no labels in {earlier.source}", hint="give labels of the same patches")
    chosen = list(patch_ids) or sorted(before, key=lambda patch: (-len(before[patch] ^ now[patch]), patch))[:count]
    store = open_store(data.store)
    return [LabelledPatch(patch, rgb_of(patch, store[patch]), now[patch], before[patch]) for patch in chosen]


def _classes(labels: Sequence[str], legend: Legend) -> list[str]:
    return [name for label in labels if (name := class_of_label(label, legend)) is not None]


def kept_maps(data: DataFolder, rows: pa.Table, legend: Legend, *, count: int) -> list[MapPicture]:
    """Reference maps of a data set: those of which least is labelled, and some others.

    Args:
        data: with the maps.
        rows: of its tables.
        legend: of its classes.
        count: how many.

    Raises:
        MetadataError: if the store has no reference maps.
    """
    store = open_store(data.store)
    names = [name for name in rows["patch_id"].to_pylist() if reference_map_key(name) in store]
    if not names:
        raise MetadataError(f"{data.store} has no reference maps", hint="encode them, too: --reference-maps")
    pictures = []
    for name in names:
        (codes,) = store.tensors(reference_map_key(name), (REFERENCE_MAP_TENSOR,))
        pictures.append((float(np.mean(legend.class_map(codes) >= 0)), name))
    least = [name for _, name in sorted(pictures)[: -(-count // 2)]]
    others = spread([name for _, name in sorted(pictures) if name not in least], count - len(least))
    return [_map_picture(data, name, legend) for name in (*least, *others)]


def _map_picture(data: DataFolder, name: str, legend: Legend) -> MapPicture:
    (codes,) = open_store(data.store).tensors(reference_map_key(name), (REFERENCE_MAP_TENSOR,))
    return MapPicture(name, legend.class_map(codes), kept=True)


def split_grids(rows: pa.Table, tile: str, splits: Mapping[str, Mapping[str, str]]) -> dict[str, NDArray[np.int8]]:
    """The splits of a tile's patches as grids, by title; see `draw_splits`.

    Args:
        rows: of metadata tables.
        tile: id of the tile, or its MGRS name if only one tile has it.
        splits: split by patch id, by title.

    Raises:
        MetadataError: if no patch is of that tile, or several tiles have the name.
    """
    names = [PatchName.parse(name) for name in rows["patch_id"].to_pylist() if tile in name]
    tiles = sorted({str(name.tile) for name in names if tile in {str(name.tile), name.tile.mgrs, f"T{name.tile.mgrs}"}})
    if len(tiles) != 1:
        found = f"{len(tiles)} tiles are called" if tiles else "no patch is of tile"
        raise MetadataError(f"{found} {tile}", hint=f"give one of {', '.join(tiles)}" if tiles else "check the name")
    patches = [name for name in names if str(name.tile) == tiles[0]]
    side = max(PatchGrid().patches_per_side, *(max(name.column, name.row) + 1 for name in patches))
    grids = {}
    for title, split_of in splits.items():
        grid = np.full((side, side), NO_PATCH, np.int8)
        for name in patches:
            split = split_of.get(str(name))
            grid[name.row, name.column] = NO_PATCH if split is None else SPLIT_NAMES.index(split)
        grids[title] = grid
    return grids


def class_examples(data: DataFolder, rows: pa.Table, *, count: int) -> tuple[dict[str, list[PatchPicture]], Legend]:
    """Some patches of each class, and the legend.

    Of those with the fewest labels, the ones whose reference maps have most of the class are taken; patches with snow,
    clouds or shadows only where there are no others.

    Args:
        data: store and tables.
        rows: of the tables.
        count: patches per class.

    Raises:
        StoreError: if the store lacks a patch.
    """
    by_class: dict[str, list[tuple[int, str]]] = defaultdict(list)
    flags = (rows[name].to_pylist() for name in ("contains_seasonal_snow", "contains_cloud_or_shadow"))
    for name, labels, snow, cloud in zip(rows["patch_id"].to_pylist(), rows["labels"].to_pylist(), *flags, strict=True):
        for label in labels:
            by_class[label].append((len(labels) + _HIDDEN * (snow or cloud), name))
    store, of_tables = open_store(data.store), legend_of_tables(data.metadata)
    chosen = {}
    for label in sorted(by_class):
        ranked = sorted(by_class[label])
        last = ranked[min(_CANDIDATES, len(ranked)) - 1][0]
        first = [name for rank, name in ranked if rank < last]
        candidates = [*first, *spread([name for rank, name in ranked if rank == last], _CANDIDATES - len(first))]
        shares = {name: _share_of(store, name, label, of_tables) for name in candidates}
        chosen[label] = sorted(candidates, key=lambda name, shares=shares: -shares[name])[:count]  # type: ignore[misc]
    pictures, legend = pictures_of(data, [name for names in chosen.values() for name in names])
    remaining = iter(pictures)
    return {label: [next(remaining) for _ in names] for label, names in chosen.items()}, legend


def _share_of(store: Store, name: str, label: str, legend: Legend) -> float:
    """Share of a class in the reference map of a patch; 0 if it has no map."""
    key = reference_map_key(name)
    if key not in store:
        return 0.0
    (codes,) = store.tensors(key, (REFERENCE_MAP_TENSOR,))
    return float(np.mean(legend.class_map(codes) == legend.class_names.index(label)))


def names_of(paths: Sequence[Path]) -> str:
    """A title for tables or a data folder."""
    folders = {path.absolute().parent.name for path in paths}
    return folders.pop() if len(folders) == 1 else "several tables"
