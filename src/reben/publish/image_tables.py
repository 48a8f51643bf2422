"""Patches as Parquet files with pictures, for the viewer of the Hugging Face hub.

Source of the column types in the files: the documentation of the library `datasets`, page "Dataset features".
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reben.core.names import SPLIT_NAMES
from reben.describe.patch_tables import PatchTable
from reben.io.store import Store
from reben.pictures.thumbnails import thumbnail
from reben.work import atomic
from reben.work.progress import Advance, unseen

FOLDER = "images"
_ROWS_PER_FILE = 10_000
_ROWS_PER_GROUP = 500
_TEXT = {"dtype": "string", "_type": "Value"}
_NUMBER = {"dtype": "float64", "_type": "Value"}
_SCHEMA = pa.schema(
    [
        pa.field("image", pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])),
        pa.field("patch_id", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("country", pa.string()),
        pa.field("longitude", pa.float64()),
        pa.field("latitude", pa.float64()),
    ]
)
_FEATURES = {
    "image": {"_type": "Image"},
    "patch_id": _TEXT,
    "labels": {"feature": _TEXT, "_type": "List"},
    "country": _TEXT,
    "longitude": _NUMBER,
    "latitude": _NUMBER,
}
CARD_FEATURES = (
    {"name": "image", "dtype": "image"},
    {"name": "patch_id", "dtype": "string"},
    {"name": "labels", "list": "string"},
    {"name": "country", "dtype": "string"},
    {"name": "longitude", "dtype": "float64"},
    {"name": "latitude", "dtype": "float64"},
)
"""The columns in the words of a data card's block."""
_METADATA = {"huggingface": json.dumps({"info": {"features": _FEATURES}})}


def write_image_tables(
    folder: Path, patches: PatchTable, store: Store, *, progress: Advance = unseen
) -> dict[str, str]:
    """Write `images/<split>-<number>-of-<count>.parquet` below a folder.

    Args:
        folder: where to.
        patches: which patches.
        store: where their pixels are.
        progress: called with the number of patches just finished.

    Returns:
        pattern of the files by split, without splits that have no patch.

    Raises:
        KeyNotFoundError: if the store lacks a patch.
        BandError: if a patch cannot be shown in true colour.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    splits = patches.table["split"].to_numpy()
    patterns: dict[str, str] = {}
    for split in SPLIT_NAMES:
        rows = np.flatnonzero(splits == split)
        count = -(-len(rows) // _ROWS_PER_FILE)
        for number in range(count):
            chosen = rows[number * _ROWS_PER_FILE : (number + 1) * _ROWS_PER_FILE]
            target = folder / FOLDER / f"{split}-{number:05d}-of-{count:05d}.parquet"
            _write(target, _records(patches, chosen, store), progress)
        if count:
            patterns[split] = f"{FOLDER}/{split}-*.parquet"
    return patterns


def _write(target: Path, records: Iterator[Mapping[str, Any]], progress: Advance) -> None:
    schema = _SCHEMA.with_metadata(_METADATA)
    with atomic.new_file(target) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        group: list[Mapping[str, Any]] = []
        for record in records:
            group.append(record)
            if len(group) == _ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema))
                progress(len(group))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))
            progress(len(group))


def _records(
    patches: PatchTable, rows: np.ndarray[Any, np.dtype[np.int64]], store: Store
) -> Iterator[Mapping[str, Any]]:
    """One record per patch."""
    table = patches.table.select(["patch_id", "labels", "country"]).take(rows)
    places = None if patches.footprints is None else patches.footprints.rings[rows, :4].mean(axis=1)
    for number, row in enumerate(table.to_pylist()):
        name = row["patch_id"]
        place = (None, None) if places is None else places[number].tolist()
        image = {"bytes": thumbnail(name, store[name]), "path": f"{name}.png"}
        yield {"image": image, **row, "longitude": place[0], "latitude": place[1]}
