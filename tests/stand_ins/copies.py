"""Copies of reBEN as others have them: patches in memory, faults planted into them, and files of many formats."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tacozip
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from safetensors.numpy import save

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.core.classes import CLC2018
from reben.core.names import tile_of
from reben.io.dataset.metadata import SCHEMA, read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, reference_map_key
from reben.io.tiff.geotiff import read_band

Bands = dict[str, NDArray[Any]]


@dataclass
class Patch:
    """One patch: pixels by the names that the copy gives to bands, and its row."""

    bands: Bands
    row: dict[str, Any] = field(default_factory=dict)
    mask: NDArray[Any] | None = None


Patches = dict[str, Patch]


def read_patches(paths: DatasetPaths, most: int | None = None) -> Patches:
    """Patches of a data set in the published layout, with the rows of its tables."""
    rows = {row["patch_id"]: row for row in read_metadata(paths.tables).to_pylist()}
    found: Patches = {}
    for patch_id in sorted(rows)[:most]:
        row = rows[patch_id]
        bands = {b: read_band(paths.s2_file(patch_id, b)) for b in S2_BANDS}
        bands |= {b: read_band(paths.s1_file(row["s1_name"], b)) for b in S1_BANDS}
        map_file = Path(paths.map_file(patch_id))
        found[patch_id] = Patch(bands, row, read_band(map_file) if map_file.exists() else None)
    return found


def map_of(labels: Sequence[str], seed: int) -> NDArray[np.uint16]:
    """A reference map that has these labels and some unlabelled ground: stripes of codes."""
    code_of = {}
    for entry in CLC2018.entries:
        code_of.setdefault(entry.class_name, entry.code)
    codes = [code_of[label] for label in labels]
    rows = np.random.default_rng(seed).permutation(np.arange(120) % (len(codes) * 4))
    stripes = np.array(codes, np.uint16)[rows % len(codes)]
    large = np.repeat(np.sort(stripes)[:, None], 120, 1)
    large[:3, : 20 + seed % 80] = 124  # an airport: unlabelled
    return large.astype(np.uint16)


def with_maps(patches: Patches) -> Patches:
    """The same patches, each with a reference map that its labels follow from."""
    return {
        name: replace(patch, mask=map_of(patch.row["labels"], number) if patch.mask is None else patch.mask)
        for number, (name, patch) in enumerate(patches.items())
    }


def each(function: Callable[[NDArray[Any]], NDArray[Any]], *names: str) -> Callable[[Patches], Patches]:
    """A fault that changes the pixels of some bands, or of all."""

    def plant(patches: Patches) -> Patches:
        return {
            name: replace(
                patch,
                bands={b: function(pixels) if not names or b in names else pixels for b, pixels in patch.bands.items()},
            )
            for name, patch in patches.items()
        }

    return plant


def upsampled(pixels: NDArray[Any], side: int = 120) -> NDArray[Any]:
    """As the paper's models see a band."""
    factor = side // len(pixels)
    return pixels.repeat(factor, 0).repeat(factor, 1)


def stacked(patch: Patch, names: Iterable[str]) -> NDArray[Any]:
    """Bands as one image of 120 pixels."""
    return np.stack([upsampled(patch.bands[name]) for name in names])


def table_of(patches: Patches) -> pa.Table:
    """The rows of patches that have any, with the published columns that they have."""
    rows = [{**patch.row, "patch_id": name} for name, patch in patches.items() if patch.row]
    names = [name for name in SCHEMA.names if any(name in row for row in rows)]
    return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])


def write_geotiffs(patches: Patches, root: Path) -> Path:
    """A folder in the published layout, whatever its bands are called, with one table."""
    paths = DatasetPaths(root)
    for name, patch in patches.items():
        s1_name = patch.row.get("s1_name")
        for band, pixels in patch.bands.items():
            if band.upper() in S1_BANDS and s1_name:
                folder, stem = paths.s1 / s1_name.rsplit("_", 3)[0] / s1_name, s1_name
            else:
                folder, stem = paths.s2 / tile_of(name) / name, name
            _write_tiff(folder / f"{stem}_{band}.tif", pixels[None])
        if patch.mask is not None:
            _write_tiff(Path(paths.map_file(name)), patch.mask[None])
    _write_table(patches, paths.metadata)
    return root


def write_flat_geotiffs(patches: Patches, root: Path) -> Path:
    """One file with all bands for each patch, as described in its bands; sets in folders of their own."""
    for name, patch in patches.items():
        names = list(patch.bands)
        image = stacked(patch, names).astype(np.float32)
        _write_tiff(root / patch.row.get("split", "all") / f"{name}.tif", image, names)
    _write_table(patches, root / "labels.parquet")
    return root


def write_store(patches: Patches, root: Path) -> Path:
    """A data folder with a store: tensors by the names of the copy's bands."""
    paths = DatasetPaths(root)
    values: dict[str, bytes] = {}
    for name, patch in patches.items():
        s1_name = patch.row.get("s1_name")
        own = {b: p for b, p in patch.bands.items() if b.upper() not in S1_BANDS or not s1_name}
        partner = {b: p for b, p in patch.bands.items() if b not in own}
        for key, tensors in ((name, own), (s1_name, partner)):
            if tensors:
                values[key] = bytes(save({b: np.ascontiguousarray(p) for b, p in tensors.items()}))
        if patch.mask is not None:
            values[reference_map_key(name)] = bytes(save({"Data": np.ascontiguousarray(patch.mask)}))
    root.mkdir(parents=True, exist_ok=True)
    with create_store(paths.store) as store:
        store.write(sorted(values.items()))
    _write_table(patches, paths.metadata)
    return root


def write_hdf5_groups(patches: Patches, root: Path) -> Path:
    """A file with a group per patch, below groups of splits, and labels as attributes."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "patches.h5"
    with h5py.File(path, "w") as file:
        for name, patch in patches.items():
            group = file.create_group(f"{patch.row['split']}/{name}" if patch.row.get("split") else name)
            for band, pixels in patch.bands.items():
                group[band] = pixels
            if patch.mask is not None:
                group["reference_map"] = patch.mask
            if patch.row.get("labels"):
                group.attrs["labels"] = list(patch.row["labels"])
            if patch.row.get("s1_name"):
                group.attrs["s1_name"] = patch.row["s1_name"]
    return path


def multi_hot(labels: Sequence[str], order: Sequence[str] = CLC2018.class_names) -> NDArray[np.uint8]:
    return np.array([name in labels for name in order], np.uint8)


def write_hdf5_arrays(patches: Patches, root: Path, order: Sequence[str] = CLC2018.class_names) -> Path:
    """A file with one big array of images, an index of ids, multi-hot labels and splits."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "arrays.hdf5"
    names = list(next(iter(patches.values())).bands)
    with h5py.File(path, "w") as file:
        images = np.stack([stacked(patch, names).astype(np.float32) for patch in patches.values()])
        file["images"] = images
        file["images"].attrs["bands"] = names
        file["patch_id"] = list(patches)
        rows = [patch.row for patch in patches.values()]
        if all(row.get("labels") for row in rows):
            file["labels"] = np.stack([multi_hot(row["labels"], order) for row in rows])
        if all(row.get("split") for row in rows):
            file["split"] = [row["split"] for row in rows]
    return path


def tiff_bytes(image: NDArray[Any], names: Sequence[str] = ()) -> bytes:
    """A GeoTIFF in memory."""
    profile = {
        "driver": "GTiff", "count": len(image), "height": image.shape[1], "width": image.shape[2], "dtype": image.dtype,
        "crs": "EPSG:32633", "transform": from_origin(300_000, 5_400_000, 10, 10),
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(image)
            for number, name in enumerate(names, 1):
                file.set_band_description(number, name)
        return bytes(memory.read())


def write_tortilla(patches: Patches, root: Path) -> Path:
    """A tortilla (TACO, version 1): 200 bytes of header, the samples, and a table of where each lies."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "patches.tortilla"
    data, offset, rows = [], 200, []
    for name, patch in patches.items():
        names = list(patch.bands)
        blob = tiff_bytes(stacked(patch, names).astype(np.float32), names)
        row = {
            "tortilla:id": name,
            "tortilla:file_format": "GTiff",
            "tortilla:offset": offset,
            "tortilla:length": len(blob),
        }
        row |= {"tortilla:data_split": patch.row.get("split"), "labels": list(patch.row.get("labels") or [])}
        row |= {"s1_name": patch.row.get("s1_name")}
        rows.append(row)
        data.append(blob)
        offset += len(blob)
    table = pa.Table.from_pylist(rows)
    table = table.select([n for n in table.column_names if n.startswith("tortilla:o") or any(table[n].to_pylist())])
    footer = pa.BufferOutputStream()
    pq.write_table(table, footer, compression="zstd")
    footer_bytes = footer.getvalue().to_pybytes()
    numbers = [offset, len(footer_bytes), 1]
    header = b"#y" + b"".join(number.to_bytes(8, "little") for number in numbers)
    path.write_bytes(header.ljust(200, b"\0") + b"".join(data) + footer_bytes)
    return path


def write_tacozip(patches: Patches, root: Path) -> Path:
    """A `.tacozip` (TACO, version 2), written by tacozip: samples, a table of them, and the collection."""
    root.mkdir(parents=True, exist_ok=True)
    work = root / "parts"
    work.mkdir()
    path = root / "patches.tacozip"
    files = []
    for name, patch in patches.items():
        names = list(patch.bands)
        file = work / f"{name}.tif"
        file.write_bytes(tiff_bytes(stacked(patch, names).astype(np.float32), names))
        files.append(file)
    rows = [
        {
            "id": name,
            "type": "FILE",
            "internal:current_id": n,
            "internal:offset": 0,
            "internal:size": file.stat().st_size,
        }
        | {key: patch.row[key] for key in ("split", "labels", "s1_name") if patch.row.get(key)}
        for n, ((name, patch), file) in enumerate(zip(patches.items(), files, strict=True))
    ]
    level, collection = work / "level0.parquet", work / "COLLECTION.json"
    schema = {"root": {"n": len(rows), "type": "FILE"}, "hierarchy": {}}
    collection.write_text(json.dumps({"id": "copy", "dataset_version": "1", "taco:pit_schema": schema}))
    pq.write_table(pa.Table.from_pylist(rows), level)
    sources = [*files, level, collection]
    inside = [*(f"DATA/{file.name}" for file in files), "METADATA/level0.parquet", "COLLECTION.json"]
    tacozip.create(str(path), [str(file) for file in sources], inside, [(1, 1), (1, 1)])
    # The table holds offsets into the archive that it lies in: written again with them, it keeps its size.
    for _ in range(2):
        places = _places(path, [file.read_bytes() for file in sources])
        for row, place in zip(rows, places, strict=False):
            row["internal:offset"] = place
        pq.write_table(
            pa.Table.from_pylist(rows), level, compression="none", use_dictionary=False, write_statistics=False
        )
        sizes = [file.stat().st_size for file in sources]
        tacozip.create(str(path), [str(f) for f in sources], inside, list(zip(places[-2:], sizes[-2:], strict=True)))
    places = _places(path, [file.read_bytes() for file in sources])
    tacozip.update_header(str(path), list(zip(places[-2:], [f.stat().st_size for f in sources[-2:]], strict=True)))
    return path


def _places(path: Path, parts: Sequence[bytes]) -> list[int]:
    """Where parts lie in a file without compression, one after the other."""
    whole, places, start = path.read_bytes(), [], 0
    for part in parts:
        places.append(whole.index(part, start))
        start = places[-1] + len(part)
    return places


class PythonCopy:
    """A data set of mappings, as torch's map-style ones are, with lists in the place of tensors for labels."""

    def __init__(self, patches: Patches) -> None:
        self.patch_ids = list(patches)
        self._patches = list(patches.values())

    def __len__(self) -> int:
        return len(self._patches)

    def __getitem__(self, position: int) -> dict[str, Any]:
        patch = self._patches[position]
        sample: dict[str, Any] = dict(patch.bands)
        for name, key in (("labels", "label"), ("split", "split"), ("s1_name", "s1_name")):
            if patch.row.get(name) is not None:
                sample[key] = patch.row[name]
        if patch.mask is not None:
            sample["mask"] = patch.mask
        return sample


def python_copy(patches: Patches, root: Path) -> PythonCopy:
    del root
    return PythonCopy(patches)


WRITERS: Mapping[str, Callable[[Patches, Path], Any]] = {
    "GeoTIFFs": write_geotiffs,
    "flat GeoTIFFs": write_flat_geotiffs,
    "store": write_store,
    "HDF5 groups": write_hdf5_groups,
    "HDF5 arrays": write_hdf5_arrays,
    "tortilla": write_tortilla,
    "tacozip": write_tacozip,
    "Python": python_copy,
}
"""Formats of copies by name."""


def _write_tiff(path: Path, image: NDArray[Any], names: Sequence[str] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tiff_bytes(np.ascontiguousarray(image), names))


def _write_table(patches: Patches, path: Path) -> None:
    table = table_of(patches)
    if table.num_rows:
        pq.write_table(table, path)
