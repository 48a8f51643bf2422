import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pystac
from pystac.validation import validate_dict

from reben.core.release import S1_ARCHIVE, S2_ARCHIVE
from reben.describe.facts import facts_of_dataset
from reben.describe.files import DescribedFile
from reben.describe.options import RecordOptions
from reben.describe.stac import collection_of
from reben.io.dataset.paths import DatasetPaths

FILES = [
    DescribedFile(S2_ARCHIVE.name, "s2", S2_ARCHIVE.nbytes, md5=S2_ARCHIVE.md5),
    DescribedFile(S1_ARCHIVE.name, "s1", S1_ARCHIVE.nbytes, sha256="ab" * 32),
]


def collection(data: Path, options: RecordOptions, files: list[DescribedFile] | None = None) -> pystac.Collection:
    """The collection, valid by the core schema and read back by pystac."""
    content = collection_of(facts_of_dataset(data, options, files or []), files or [])
    read = json.loads(json.dumps(content))
    assert validate_dict(read, extensions=[])  # schemas of extensions are not part of pystac
    return pystac.Collection.from_dict(read)


def test_the_collection_says_what_the_publisher_says(real_patches: DatasetPaths, told: RecordOptions):
    found = collection(real_patches.root, told)
    assert (found.id, found.title, found.license) == ("alps", "Patches of the Alps", "CC-BY-4.0")
    assert found.ext.sci.doi == "10.5281/zenodo.1"
    assert "Doe, Jane" in found.ext.sci.citation
    assert found.ext.version.version == "1.0.0"
    assert [provider.name for provider in found.providers] == ["Jane Doe", "Institute of Patches", "Zenodo"]
    assert found.extent.temporal.intervals[0][0].year == 2017


def test_extensions_are_read_by_their_classes(real_patches: DatasetPaths, told: RecordOptions):
    found = collection(real_patches.root, told)
    classes = found.item_assets["reference_map"].ext.classification.classes
    assert {entry.value: entry.color_hint for entry in classes}[111] == "E6004D"
    assert found.item_assets["B05"].properties["proj:shape"] == [60, 60]
    bands = {name: asset.properties["bands"][0] for name, asset in found.item_assets.items() if name != "reference_map"}
    assert bands["B02"]["eo:common_name"] == "blue"
    assert bands["B02"]["eo:center_wavelength"] == 0.4927
    assert bands["VV"]["unit"] == "dB"
    assert "nodata" not in bands["VV"]
    assert found.item_assets["VH"].properties["sar:polarizations"] == ["VH"]


def test_archives_have_their_sizes_and_checksums(real_patches: DatasetPaths, told: RecordOptions):
    found = collection(real_patches.root, told, FILES)
    archive = found.assets[S2_ARCHIVE.name]
    assert archive.ext.file.size == S2_ARCHIVE.nbytes
    assert archive.ext.file.checksum == "d50110" + S2_ARCHIVE.md5
    assert found.assets[S1_ARCHIVE.name].ext.file.checksum == "1220" + "ab" * 32
    assert "reference_map" not in found.item_assets


def test_without_a_place_there_is_no_collection(tmp_path: Path):
    table = pa.table({"patch_id": ["Forest_1"], "labels": [["Forest"]], "split": ["train"]})
    pq.write_table(table, tmp_path / "metadata.parquet")
    assert collection_of(facts_of_dataset(tmp_path, RecordOptions(license="MIT"))) is None
