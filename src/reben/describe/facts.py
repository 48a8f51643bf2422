"""What catalogue records say of a data set: computed once, from its tables and the names of its patches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reben.core.band_statistics import PUBLISHED_STATISTICS, Statistics
from reben.core.bands import BANDS, S1_BANDS, S2_BANDS, Band, bands_of_tensors
from reben.core.errors import KeyNotFoundError, MetadataError
from reben.core.names import PATCH_PATTERN, S1_PATCH_PATTERN, SPLIT_NAMES
from reben.describe.band_facts import BandFacts, facts_of
from reben.describe.files import DescribedFile, of_part
from reben.describe.identity import Identity, identity_of
from reben.describe.options import RecordOptions
from reben.describe.patch_tables import PatchTable, read_patch_table
from reben.describe.store_files import StoreFiles, store_files
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.statistics import read_statistics
from reben.io.store import REFERENCE_MAP_TENSOR, Store, is_store, open_store, reference_map_key
from reben.rules.seasons import SEASONS
from reben.verify.rules import tables_of

Form = Literal["geotiffs", "store"]
_UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """All that records say."""

    identity: Identity
    patches: PatchTable
    bands: tuple[BandFacts, ...]
    """Of Sentinel-2, then of Sentinel-1; empty if neither images nor files say which there are."""
    form: Form
    """In which form the patches are published."""
    store: StoreFiles | None
    """Files of the store, if that is the form."""
    maps: bool
    """Whether there are reference maps."""
    statistics_of: str
    """Of which patches the statistics of the bands are; empty if there are none."""
    times: pa.ChunkedArray
    """When each patch was sensed by Sentinel-2, timestamps in UTC; null where its name does not tell."""
    s1_times: pa.ChunkedArray
    """When its Sentinel-1 partner was sensed."""
    counts: Mapping[str, Mapping[str, int]]
    """Patches per value: of split, class, country, season, and of snow and cloud."""

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last time; None if no name tells one."""
        found = [pc.min_max(column).as_py() for column in (self.times, self.s1_times)]
        ends = [end for pair in found for end in (pair["min"], pair["max"]) if end is not None]
        return (min(ends), max(ends)) if ends else None

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """Least longitude and latitude, greatest longitude and latitude; None if it is not known."""
        places = self.patches.footprints
        if places is None or not len(places):
            return None
        boxes = places.boxes()
        west, south = boxes[:, :2].min(axis=0).tolist()
        east, north = boxes[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    @property
    def resolution_m(self) -> int | None:
        """Side of the smallest pixel; None if there is no band."""
        return min((facts.band.resolution_m for facts in self.bands), default=None)

    def summary(self) -> str:
        """The data set in a few sentences: those of its publisher, else what its tables tell."""
        if self.identity.description:
            return self.identity.description
        images = " and ".join(
            name for sensor, name in (("s2", "Sentinel-2"), ("s1", "Sentinel-1")) if self.bands_of(sensor)
        )
        splits = ", ".join(f"{count:,} {name}" for name, count in self.counts["split"].items())
        return (
            f"{self.patches.table.num_rows:,} patches{f' of {images}' if images else ''} with labels of "
            f"{len(self.patches.legend.class_names)} classes ({splits})."
        )

    def bands_of(self, sensor: str) -> list[BandFacts]:
        """Bands of a sensor, s1 or s2."""
        return [facts for facts in self.bands if facts.band.sensor == sensor]


def facts_of_dataset(
    data: Path, options: RecordOptions, files: Sequence[DescribedFile] = (), *, store: Path | None = None
) -> DatasetFacts:
    """Facts of a data folder, or of a data set in the published layout.

    Args:
        data: folder with metadata tables.
        options: what its publisher says.
        files: of the release; they decide what there is, and in which form. Without any, the folder does.
        store: as it is published, in files of other sizes perhaps; by default that of the folder.

    Raises:
        MetadataError: if a table is wrong, or the options do not fit the data.
        StoreError: if the store is damaged.
        LegendError: if the tables have different legends.
    """
    paths = DatasetPaths(data)
    patches = read_patch_table(tables_of(data))
    identity = identity_of(
        options,
        folder_name=data.name if data.name not in {"", "."} else data.resolve().name,
        patch_ids=patches.table["patch_id"],
        legend=patches.legend,
    )
    published = store or _store_of(paths)
    form = _form(paths, files, published)
    statistics, source = _statistics(paths, reben=options.reben)
    tensors = _tensors(open_store(published), patches.table) if published is not None else None
    bands = _bands(paths, patches, files, tensors)
    known = tensors is None or all(name in BANDS for name in tensors.bands)
    return DatasetFacts(
        identity=identity,
        patches=patches,
        bands=tuple(
            facts_of(
                band,
                tensors.sides_px[band.name]
                if tensors is not None and band.name in tensors.sides_px
                else band.side_px(patches.patch_size_m),
                statistics,
                known=known,
            )
            for band in bands
        ),
        form=form,
        store=store_files(published) if form == "store" and published is not None else None,
        maps=_has_maps(paths, files, tensors),
        statistics_of=source,
        times=_times(patches.table["patch_id"], PATCH_PATTERN),
        s1_times=_times(patches.table["s1_name"], S1_PATCH_PATTERN),
        counts=_counts(patches),
    )


@dataclass(frozen=True, slots=True)
class _Tensors:
    """What the values of one patch hold."""

    bands: dict[str, Band]
    sides_px: dict[str, int]
    maps: bool


def _store_of(paths: DatasetPaths) -> Path | None:
    """The store of a data folder, which may have any name if it is the only one."""
    if is_store(paths.store):
        return paths.store
    stores = [path for path in sorted(paths.root.iterdir()) if path.is_dir() and is_store(path)]
    return stores[0] if len(stores) == 1 else None


def _form(paths: DatasetPaths, files: Sequence[DescribedFile], store: Path | None) -> Form:
    """In which form the patches are published."""
    if files:
        return "geotiffs" if of_part(files, "s2", "s1", "maps") else "store"
    return "geotiffs" if paths.s2.is_dir() or store is None else "store"


def _statistics(paths: DatasetPaths, *, reben: bool) -> tuple[Statistics | None, str]:
    """Statistics of the bands, and of which patches they are.

    Raises:
        MetadataError: if the file of statistics is damaged.
    """
    if paths.statistics.exists():
        return read_statistics(paths.statistics), "this data set"
    return (PUBLISHED_STATISTICS, "reBEN's training set, as published") if reben else (None, "")


def _tensors(store: Store, table: pa.Table) -> _Tensors | None:
    """What the store holds of the first patch; None if it has none, or no patch is listed.

    Raises:
        StoreError: if the value is damaged.
    """
    if not table.num_rows:
        return None
    patch_id, partners = table["patch_id"][0].as_py(), pc.drop_null(table["s1_name"])
    partner = partners[0].as_py() if len(partners) else None
    shapes: dict[str, tuple[int, np.dtype[Any]]] = {}
    for key in filter(None, (patch_id, partner)):
        try:
            shapes |= {name: (array.shape[0], array.dtype) for name, array in store[key].items()}
        except KeyNotFoundError:
            continue
    if not shapes:
        return None
    maps = reference_map_key(patch_id) in store and REFERENCE_MAP_TENSOR in store[reference_map_key(patch_id)]
    return _Tensors(bands_of_tensors(shapes), {name: rows for name, (rows, _) in shapes.items()}, maps)


def _bands(
    paths: DatasetPaths, patches: PatchTable, files: Sequence[DescribedFile], tensors: _Tensors | None
) -> list[Band]:
    """Bands of Sentinel-2, then of Sentinel-1, as far as they are there."""
    if files and not of_part(files, "s2", "s1", "maps", "store"):
        return []  # the images themselves are not part of the release
    has_partners = patches.table["s1_name"].null_count < patches.table.num_rows
    if files and of_part(files, "s2", "s1"):
        there = {"s2": bool(of_part(files, "s2")), "s1": bool(of_part(files, "s1"))}
    elif tensors is not None:
        return sorted(tensors.bands.values(), key=lambda band: band.sensor == "s1")
    else:
        there = {"s2": paths.s2.is_dir(), "s1": paths.s1.is_dir() and has_partners}
    return [BANDS[name] for sensor, names in (("s2", S2_BANDS), ("s1", S1_BANDS)) if there[sensor] for name in names]


def _has_maps(paths: DatasetPaths, files: Sequence[DescribedFile], tensors: _Tensors | None) -> bool:
    if files and not of_part(files, "store"):
        return bool(of_part(files, "maps"))
    return tensors.maps if tensors is not None else paths.reference_maps.is_dir()


def _times(names: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Sensing times in names; null where a name has another form."""
    found = pc.struct_field(pc.extract_regex(names, f"^{pattern}$"), "time")
    read = pc.strptime(found, format="%Y%m%dT%H%M%S", unit="s", error_is_null=True)
    return pa.chunked_array([pc.assume_timezone(read, "UTC").combine_chunks()])


def _counts(patches: PatchTable) -> dict[str, dict[str, int]]:
    """Patches per value of what people ask for."""
    table, names = patches.table, patches.legend.class_names
    labels = _counted(pc.list_flatten(table["labels"]))
    splits, countries = _counted(table["split"]), _counted(table["country"])
    months = pc.month(_times(table["patch_id"], PATCH_PATTERN))
    seasons = np.array(SEASONS)[pc.drop_null(months).to_numpy() % 12 // 3] if months.null_count < len(months) else []
    by_season = _counted(pa.chunked_array([pa.array(seasons, pa.string())]))
    return {
        "split": {name: splits.get(name, 0) for name in SPLIT_NAMES},
        "class": {name: labels.get(name, 0) for name in names},
        "country": dict(sorted(countries.items())) if table["country"].null_count < table.num_rows else {},
        "season": {name: by_season[name] for name in SEASONS if name in by_season},
        "flag": {
            name: int(pc.sum(table[name]).as_py() or 0)
            for name in ("contains_seasonal_snow", "contains_cloud_or_shadow")
        },
    }


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    return {
        _UNKNOWN if entry["values"] is None else entry["values"]: entry["counts"]
        for entry in pc.value_counts(column).to_pylist()
    }


def expect_patches(facts: DatasetFacts) -> None:
    """Check that there is something to describe.

    Raises:
        MetadataError: if the tables have no row.
    """
    if not facts.patches.table.num_rows:
        raise MetadataError("the metadata tables have no patch to describe", hint="give tables with at least one row")


def utc(time: datetime) -> str:
    """A time as catalogues write it.

    >>> utc(datetime(2017, 6, 13, 10, 10, 31, tzinfo=UTC))
    '2017-06-13T10:10:31Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
