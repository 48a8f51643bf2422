import json
import re
import time
from datetime import date
from itertools import islice
from pathlib import Path

import geoparquet_validator
import mlcroissant
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pystac.validation import validate_dict
from safetensors.numpy import save

from reben.core.errors import MetadataError
from reben.core.release import MAPS_ARCHIVE, S1_ARCHIVE, S2_ARCHIVE
from reben.describe.data_card import CARD_FILE
from reben.describe.files import DescribedFile
from reben.describe.options import RecordOptions
from reben.describe.stage import RECORD_FILES, write_records
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store
from reben.work.checksums import sha256

PLAIN = RecordOptions(license="CC-BY-4.0")


def test_all_records_are_written_and_described(data_folder: Path, told: RecordOptions, tmp_path: Path):
    target = tmp_path / "records"
    written = write_records(data_folder, target, told)
    assert {file.name for file in written} == set(RECORD_FILES) == {path.name for path in target.iterdir()}
    for file in written:
        assert sha256(target / file.name) == file.sha256
        assert (target / file.name).stat().st_size == file.nbytes
    again = write_records(data_folder, tmp_path / "again", told)
    assert again == written  # equal data give equal bytes


def test_what_is_not_known_is_not_written_and_told(real_patches: DatasetPaths, told: RecordOptions, tmp_path: Path):
    lines: list[str] = []
    write_records(real_patches.root, tmp_path, told)
    (tmp_path / "BigEarthNet-S2.tar.zst").write_bytes(b"an archive")
    written = write_records(real_patches.root, tmp_path, PLAIN, tell=lines.append)
    names = {file.name for file in written}
    assert set(RECORD_FILES) - names == {"datacite.json", "CITATION.cff"}
    assert {path.name for path in tmp_path.iterdir()} == names | {"BigEarthNet-S2.tar.zst"}
    assert any("--author, --issued, --publisher" in line for line in lines)


def test_records_of_a_data_set_without_places(tmp_path: Path):
    """EuroSAT's, as it were."""
    data, lines = tmp_path / "data", []
    data.mkdir()
    table = pa.table({"patch_id": ["Forest_1", "River_1"], "labels": ["Forest", "River"], "split": ["train", "test"]})
    pq.write_table(table, data / "metadata.parquet")
    with create_store(data / "store") as store:
        store.write([(name, save({"Red": np.zeros((4, 4), np.uint8)})) for name in table["patch_id"].to_pylist()])
    names = {file.name for file in write_records(data, tmp_path / "records", PLAIN, tell=lines.append)}
    assert names == {"patches.parquet", "croissant.json", "README.md"}
    assert any("Forest_1" in line for line in lines)
    assert len(list(mlcroissant.Dataset(tmp_path / "records" / "croissant.json").records("patches"))) == 2


def test_hostile_names_break_nothing(hostile_folder: Path, tmp_path: Path):
    target = tmp_path / "records"
    hostile = '"; | </script>\n---\n- x: [y'
    options = PLAIN.model_copy(
        update=RecordOptions(
            title=hostile, description=hostile, author=(hostile.replace(";", ""),), keyword=(hostile,)
        ).model_dump(exclude_unset=True)
    )
    write_records(hostile_folder, target, options)
    for name in ("collection.json", "croissant.json"):
        text = (target / name).read_text()
        json.loads(text)
        assert "</script>" not in text
    assert validate_dict(json.loads((target / "collection.json").read_text()), extensions=[])
    assert len(list(mlcroissant.Dataset(target / "croissant.json").records("patches"))) == 3
    assert yaml.safe_load((target / "CITATION.cff").read_text())["title"] == '"; | </script> --- - x: [y'
    card = (target / CARD_FILE).read_text()
    _, block, body = card.split("---\n", 2)
    assert yaml.safe_load(block)["pretty_name"] == '"; | </script> --- - x: [y'
    assert "<" not in re.sub("&lt;", "", body)
    assert not re.search("^---$", body, re.MULTILINE)
    rows = [line for line in body.splitlines() if "class" in line and line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}


@pytest.mark.slow
def test_every_record_of_the_published_tables_is_valid(shared_data: Path, tmp_path: Path):
    archives = ((S2_ARCHIVE, "s2"), (S1_ARCHIVE, "s1"), (MAPS_ARCHIVE, "maps"))
    files = [DescribedFile(file.name, part, file.nbytes, md5=file.md5) for file, part in archives]
    options = RecordOptions(reben=True, issued=date(2026, 11, 26), publisher="Somebody")
    begun = time.monotonic()
    written = {file.name for file in write_records(shared_data / "published", tmp_path, options, files)}
    assert time.monotonic() - begun < 60
    assert written == set(RECORD_FILES)
    for name in ("patches.parquet", "items.parquet"):
        assert geoparquet_validator.failed(geoparquet_validator.check(str(tmp_path / name))) == []
    assert validate_dict(json.loads((tmp_path / "collection.json").read_text()), extensions=[])
    dataset = mlcroissant.Dataset(tmp_path / "croissant.json")
    assert dataset.metadata.issues.errors == set()
    assert sum(1 for _ in islice(dataset.records("patches"), 1000)) == 1000


def test_numbers_that_json_lacks_are_refused(hostile_folder: Path, tmp_path: Path):
    (hostile_folder / "statistics.json").write_text('{"bands": {"B02": {"mean": NaN, "std": 1}}}')
    with pytest.raises(MetadataError):
        write_records(hostile_folder, tmp_path / "records", PLAIN)
