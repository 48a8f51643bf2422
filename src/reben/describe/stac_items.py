"""All patches as STAC Items in one file: stac-geoparquet, one row per patch, written row group by row group.

Source: stac-geoparquet specification 1.0.0 (https://github.com/stac-utils/stac-geoparquet).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.names import CELL_PATTERN, PATCH_PATTERN, REFERENCE_MAP_SUFFIX
from reben.describe.facts import DatasetFacts
from reben.describe.footprints import Footprints
from reben.describe.geotable import ROWS_PER_GROUP, starts
from reben.describe.stac import COLLECTION_FILE, MAP_ASSET, VERSION, band_in_item, extensions_of, item_assets
from reben.io.dataset.paths import MAP_FILE_SUFFIX, MAP_FOLDER, S1_FOLDER, S2_FOLDER, band_file_suffix
from reben.io.geoparquet import Rows, write_row_groups
from reben.rules.seasons import SEASONS

_S1_TILE_AND_CELL = r"_[0-9]{2}[A-Z]{3}_[0-9]+_[0-9]+$"
_KEY = "reben:key"
_IN_ITEMS = ("type", "roles", "gsd", "proj:shape", "sar:polarizations")
"""What items repeat of the asset definitions of their collection."""


def write_items(target: Path, facts: DatasetFacts, collection: Mapping[str, Any]) -> bool:
    """Write the items.

    Args:
        target: file to write.
        facts: of the data set.
        collection: to which they belong.

    Returns:
        whether there are any: patches without a place or a time, or without images, are no items.
    """
    places = facts.patches.footprints
    if places is None or facts.times.null_count or not item_assets(facts):
        return False
    table = facts.patches.table
    shared = {"version": "1.0.0", "collections": {collection["id"]: dict(collection)}}
    metadata = {b"stac-geoparquet": json.dumps(shared).encode()}
    parts = (
        _Part(facts, places, first, min(ROWS_PER_GROUP, table.num_rows - first)) for first in starts(table.num_rows)
    )
    write_row_groups(target, (part.rows() for part in parts), places.summary(), metadata=metadata)
    return True


@dataclass(frozen=True, slots=True)
class _Part:
    """Some neighbouring rows."""

    facts: DatasetFacts
    places: Footprints
    first: int
    count: int

    def rows(self) -> Rows:
        """The items as columns."""
        places = self.places.taken(slice(self.first, self.first + self.count))
        table = self._table()
        assets = self._assets(table)
        columns: dict[str, pa.Array] = {
            "type": self._same("Feature"),
            "stac_version": self._same(VERSION),
            "id": table["patch_id"].combine_chunks(),
            "collection": self._same(self.facts.identity.name),
            "assets": assets,
            "links": self._same([{"rel": "collection", "href": f"./{COLLECTION_FILE}", "type": "application/json"}]),
            "datetime": self.facts.times.slice(self.first, self.count).combine_chunks().cast(pa.timestamp("us", "UTC")),
            **self._properties(table),
            "proj:code": pa.DictionaryArray.from_arrays(places.system, list(places.systems)).cast(pa.string()),
            "proj:bbox": _lists(places.bounds_m),
        }
        names = dict.fromkeys(_names(pa.struct([pa.field(name, column.type) for name, column in columns.items()])), 0)
        columns["stac_extensions"] = self._same(extensions_of(names))
        return Rows(pa.table(columns), places.polygons(), places.boxes())

    def _table(self) -> pa.Table:
        return self.facts.patches.table.slice(self.first, self.count)

    def _properties(self, table: pa.Table) -> dict[str, pa.Array]:
        """What metadata tables say, and what names tell."""
        found = {name: table[name].combine_chunks() for name in table.column_names if name != "patch_id"}
        parts = pc.extract_regex(table["patch_id"].combine_chunks(), f"^{PATCH_PATTERN}$")
        months = pc.month(self.facts.times.slice(self.first, self.count)).to_numpy()
        orbits = pc.struct_field(parts, "orbit").cast(pa.int32())
        found |= {
            "season": pa.array(np.array(SEASONS)[months % 12 // 3], pa.string()),
            "platform": _platforms(pc.struct_field(parts, "mission")),
            "constellation": self._same("sentinel-2"),
            "instruments": self._same(["msi"]),
            "mgrs_tile": pc.struct_field(parts, "mgrs"),
        }
        if pc.min(orbits).as_py():  # synthetic data have orbit 0, which does not exist
            found["sat:relative_orbit"] = orbits
        return found

    def _assets(self, table: pa.Table) -> pa.StructArray:
        """Files or values of each patch; null where there is no Sentinel-1 partner."""
        ids, partners = (table[name].combine_chunks() for name in ("patch_id", "s1_name"))
        found = {}
        for name, common in item_assets(self.facts).items():
            sensor = "maps" if name == MAP_ASSET else _sensor(self.facts, name)
            keys = partners if sensor == "s1" else ids
            columns = {key: self._same(common[key]) for key in _IN_ITEMS if key in common}
            if bands := [band_in_item(band) for band in self.facts.bands if name in {band.band.name, band.band.sensor}]:
                columns["bands"] = self._same(bands)
            columns |= self._place(sensor, keys, name)
            if sensor == "s1":
                columns |= self._partner(partners)
            found[name] = pa.StructArray.from_arrays(
                list(columns.values()), names=list(columns), mask=pc.is_null(keys) if keys.null_count else None
            )
        return pa.StructArray.from_arrays(list(found.values()), names=list(found))

    def _place(self, sensor: str, keys: pa.Array, name: str) -> dict[str, pa.Array]:
        """Where an asset lies: its own file, or a file of the store and the key in it."""
        store = self.facts.store
        if store is None:
            return {"href": _path(sensor, keys, name)}
        stored = pc.binary_join_element_wise(keys, REFERENCE_MAP_SUFFIX, "") if sensor == "maps" else keys
        return {"href": store.paths_of(stored), _KEY: stored}

    def _partner(self, partners: pa.Array) -> dict[str, pa.Array]:
        """When and by which satellite the Sentinel-1 partner was sensed."""
        times = self.facts.s1_times.slice(self.first, self.count).combine_chunks()
        return {
            "datetime": pc.strftime(times, format="%Y-%m-%dT%H:%M:%SZ"),
            "platform": _platforms(pc.utf8_slice_codeunits(partners, 0, 3)),
        }

    def _same(self, value: object) -> pa.Array:
        """One value for all rows."""
        return pa.array([value]).take(pa.array(np.zeros(self.count, np.int64)))


def _sensor(facts: DatasetFacts, asset: str) -> str:
    """The sensor of an asset, which is called after a band, or after the sensor itself."""
    return next((band.band.sensor for band in facts.bands if band.band.name == asset), asset)


def _path(sensor: str, keys: pa.Array, name: str) -> pa.Array:
    """Paths of files in the published layout, as `DatasetPaths` has them one by one."""
    if sensor == "s1":
        folder, group, suffix = S1_FOLDER, _S1_TILE_AND_CELL, band_file_suffix(name)
    else:
        folder, group = (MAP_FOLDER if sensor == "maps" else S2_FOLDER), CELL_PATTERN
        suffix = MAP_FILE_SUFFIX if sensor == "maps" else band_file_suffix(name)
    groups = pc.replace_substring_regex(keys, group, "")
    files = pc.binary_join_element_wise(keys, suffix, "")
    return pc.binary_join_element_wise("./" + folder, groups, keys, files, "/")


def _platforms(missions: pa.Array) -> pa.Array:
    """Satellites by their names in catalogues: sentinel-2a for S2A."""
    lowered = pc.utf8_lower(missions)
    return pc.replace_substring_regex(lowered, r"^s(\d)", r"sentinel-\1")


def _lists(values: NDArray[np.float64]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1]).cast(pa.list_(pa.float64()))


def _names(kind: pa.DataType) -> Iterator[str]:
    """All names of fields in a type, however deep."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield field.name
            yield from _names(field.type)
    elif pa.types.is_list(kind):
        yield from _names(kind.value_type)
