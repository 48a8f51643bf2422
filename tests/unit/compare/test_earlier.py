import bz2
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.compare.earlier import read_earlier
from reben.core.errors import MetadataError

A, B, C = (f"S2A_MSIL2A_20170613T101031_{number}_57" for number in (26, 27, 28))


def test_the_published_lists_of_v1(shared_data: Path):
    found = read_earlier(shared_data / "v1" / "split")
    assert len(found.splits) == 519_284
    assert {split: list(found.splits.values()).count(split) for split in ("train", "validation", "test")} == {
        "train": 269_695, "validation": 123_723, "test": 125_866,
    }  # fmt: skip
    assert found.labels == {}


def test_the_json_files_of_v1(shared_data: Path):
    found = read_earlier(shared_data / "v1" / "BigEarthNet-v1.0")
    assert len(found.labels) == 3
    assert found.labels["S2A_MSIL2A_20170617T113321_36_85"] == ("Non-irrigated arable land", "Pastures")


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.bz2", ".txt"])
def test_lists_of_names(ending: str, tmp_path: Path):
    compress = {".csv.gz": gzip.compress, ".csv.bz2": bz2.compress}.get(ending, bytes)
    (tmp_path / f"train{ending}").write_bytes(compress(f"{A}\n{B}\n\n".encode()))
    (tmp_path / f"val{ending}").write_bytes(compress(f"{C}\n".encode()))
    assert read_earlier(tmp_path).splits == {A: "train", B: "train", C: "validation"}
    assert read_earlier(tmp_path / f"train{ending}").splits == {A: "train", B: "train"}


@pytest.mark.parametrize(
    "text",
    [
        f'patch,labels,split\n{A},Pastures;Airports,train\n{B},"Beaches, dunes, sands",val\n',
        f"Patch,labels,split\n{A},\"['Pastures', 'Airports']\",Training\n{B},\"['Beaches, dunes, sands']\",VAL\n",
        f'Name,Labels,Split\n{A},"[""Pastures"", ""Airports""]",train\n{B},"Beaches, dunes, sands",validation\n',
        f's2v1_name,labels,split\n{A},Pastures | Airports,train\n{B},"Beaches, dunes, sands",val\n',
    ],
)
def test_tables_as_text(text: str, tmp_path: Path):
    (tmp_path / "old.csv").write_text(text)
    found = read_earlier(tmp_path / "old.csv")
    assert found.labels == {A: ("Pastures", "Airports"), B: ("Beaches, dunes, sands",)}
    assert found.splits == {A: "train", B: "validation"}


def test_tables_as_parquet(tmp_path: Path):
    pq.write_table(pa.table({"patch": [A, B], "labels": [["Pastures"], []], "other": [1, 2]}), tmp_path / "old.parquet")
    found = read_earlier(tmp_path / "old.parquet")
    assert found.labels == {A: ("Pastures",), B: ()}
    assert found.names == {A, B}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("old.csv", b"", "no column with names"),
        ("old.csv", b"id,labels\na,b\n", "no column with names of patches; found: id, labels"),
        ("old.csv", f"patch,labels\n{A},\n".encode(), "neither labels nor split"),
        ("old.csv", f"patch,split\n{A},middle\n".encode(), "split 'middle' is not one of"),
        ("old.csv", f"patch,split\n{A},train\n{A},test\n".encode(), "occurs twice"),
        ("old.csv", f"patch,labels\n{A},[Pastures\n".encode(), "are not a list"),
        ("old.csv", f'patch,labels\n{A},"{"[" * 9_000}"\n'.encode(), "are not a list"),
        ("old.csv", b"\xff\xfe\xff", "cannot be read as CSV in UTF-8"),
        ("train.csv.bz2", b"no bzip2", "cannot be read as CSV"),
        ("train.csv.gz", gzip.compress(b"x\n" * 1000, mtime=0)[:-9], "cannot be read as CSV"),
        ("old.parquet", b"PAR1", "cannot be read as a Parquet table"),
    ],
)
def test_what_cannot_be_read(name: str, content: bytes, said: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MetadataError, match=said):
        read_earlier(tmp_path / name)


def test_folders_without_anything(tmp_path: Path):
    with pytest.raises(MetadataError, match="has no patches with labels or splits"):
        read_earlier(tmp_path)
    with pytest.raises(MetadataError, match="missing"):
        read_earlier(tmp_path / "missing.csv")


def test_contradicting_lists_and_wrong_json(tmp_path: Path):
    (tmp_path / "train.csv").write_text(f"{A}\n")
    (tmp_path / "test.csv").write_text(f"{A}\n")
    with pytest.raises(MetadataError, match="is in the list of"):
        read_earlier(tmp_path)
    folder = tmp_path / "json"
    folder.mkdir()
    for wrong in ({"labels": "Pastures"}, [], {"labels": [1]}):
        (folder / f"{A}_labels_metadata.json").write_text(json.dumps(wrong))
        with pytest.raises(MetadataError, match="has no list of labels"):
            read_earlier(folder)
