"""`reben get` against stand-ins for the servers of the published data set."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from reben.core.release import PublishedFile
from reben.core.wording import in_bytes
from reben.get import estimate as estimate_module
from reben.get import sources as sources_module
from reben.get import stage as stage_module
from reben.get.published import md5_of
from reben.get.selection import with_names
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from stand_ins.command import run_reben
from stand_ins.published import ARCHIVES, STORE_FILES, archives_of, lmdb_of, running_published
from stand_ins.range_server import RangeServer


@pytest.fixture(scope="module")
def tables(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of the tiny data set, some of them with snow."""
    rows = read_metadata(tiny_dataset.tables)
    snow = pa.array([number % 5 == 0 for number in range(rows.num_rows)])
    place = rows.column_names.index("contains_seasonal_snow")
    target = tmp_path_factory.mktemp("tables") / "metadata.parquet"
    write_metadata(target, rows.set_column(place, rows.schema.field(place), pa.chunked_array([snow])))
    return target


@pytest.fixture(scope="module")
def server(
    tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RangeServer]:
    """The tiny data set as archives and as an LMDB file without reference maps."""
    with running_published(tiny_dataset, tiny_store, tmp_path_factory.mktemp("served")) as running:
        yield running


def addresses(server: RangeServer, way: str) -> list[str]:
    archives = archives_of(server)
    ways = {
        "lmdb": [lmdb_of(server)],
        "lmdb and maps": [lmdb_of(server), archives[2]],
        "archives": archives,
        "path": [str(server.folder / "store")],
        "archives on disk": [str(server.folder / f"{name}.tar.zst") for name in ARCHIVES],
    }
    return [text for address in ways[way] for text in ("--source", address)]


WAYS = ("lmdb", "lmdb and maps", "archives", "path", "archives on disk")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))


def is_flagged(row: dict[str, Any]) -> bool:
    return row["contains_seasonal_snow"] or row["contains_cloud_or_shadow"]


def expect_values(folder: Path, original: Path, rows: pa.Table) -> None:
    """All values of some patches, and nothing else."""
    found, expected = open_store(folder / "store"), open_store(original)
    ids = rows["patch_id"].to_pylist()
    keys = {*ids, *(f"{name}_reference_map" for name in ids), *rows["s1_name"].drop_null().to_pylist()}
    assert set(found) == keys
    assert all(found.raw(key) == expected.raw(key) for key in keys)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_store_comes_out_of_every_source(
    server: RangeServer, tables: Path, tiny_store: Path, tmp_path: Path, way: str
):
    command = ("get", "--tables", tables, "--snow-and-cloud", *addresses(server, way), "--output", tmp_path / "data")
    said = run_reben(*command)
    assert "reben train --data" in said.stdout
    for name in STORE_FILES:
        assert (tmp_path / "data" / "store" / name).read_bytes() == (tiny_store / name).read_bytes()
    report = json.loads((tmp_path / "data" / "get-report.json").read_text())
    assert sum(report["values"].values()) == len(open_store(tiny_store))
    assert sum(source["values"] for source in report["runs"][0]["sources"]) == len(open_store(tiny_store))
    assert "signature" not in json.dumps(report)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "get-report.json", "metadata.parquet", "metadata_for_patches_with_snow_cloud_or_shadow.parquet", "store",
    ]  # fmt: skip
    assert "has everything already" in run_reben(*command).stderr


@pytest.mark.parametrize("way", ["lmdb and maps", "archives"])
@pytest.mark.parametrize(
    ("options", "fits"),
    [
        (("--split", "test"), lambda row: row["split"] == "test"),
        (("--split", "train", "--split", "validation", "--country", "Nowhere"),
         lambda row: row["split"] != "test"),
        (("--where", "season = 'summer' and len(labels) > 1"),
         lambda row: row["season"] == "summer" and len(row["labels"]) > 1),
    ],
)  # fmt: skip
def test_a_part_is_what_the_filters_say(  # noqa: PLR0917 - fixtures and parameters
    server, tables: Path, tiny_store: Path, tmp_path: Path, way, options, fits
):
    run_reben("get", "--tables", tables, *options, *addresses(server, way), "--output", tmp_path / "data")
    rows = read_metadata([tables])
    chosen = [fits(row) and not is_flagged(row) for row in with_names(rows).to_pylist()]
    expected = rows.filter(pa.array(chosen))
    assert read_metadata([tmp_path / "data" / "metadata.parquet"]).equals(expected)
    assert expected.num_rows
    expect_values(tmp_path / "data", tiny_store, expected)


def test_bands_and_maps(server: RangeServer, tables: Path, tmp_path: Path):
    run_reben(
        "get", "--tables", tables, "--bands", "s2", "--no-maps", "--limit", 3, *addresses(server, "lmdb"),
        "--output", tmp_path / "data",
    )  # fmt: skip
    keys = list(open_store(tmp_path / "data" / "store"))
    assert len(keys) == 3
    assert all(key.startswith("S2") and not key.endswith("_reference_map") for key in keys)


@pytest.mark.parametrize("way", ["lmdb and maps", "archives", "path"])
def test_more_is_added_and_makes_the_store_that_all_at_once_makes(
    server: RangeServer, tables: Path, tiny_store: Path, tmp_path: Path, way: str
):
    source, data = addresses(server, way), tmp_path / "data"
    run_reben("get", "--tables", tables, "--limit", 4, "--no-maps", *source, "--output", data)
    before = server.sent
    said = run_reben("get", "--tables", tables, "--limit", 9, *source, "--output", data).stdout
    assert "9 Sentinel-2 patches" in said
    assert server.sent > before or way == "path"
    run_reben("get", "--tables", tables, "--limit", 9, *source, "--output", tmp_path / "at-once")
    for name in STORE_FILES:
        assert (data / "store" / name).read_bytes() == (tmp_path / "at-once" / "store" / name).read_bytes()
    assert read_metadata([data / "metadata.parquet"]).equals(read_metadata([tmp_path / "at-once" / "metadata.parquet"]))
    report = json.loads((data / "get-report.json").read_text())
    assert [run["patches"] for run in report["runs"]] == [4, 9]
    assert [run["options"]["limit"] for run in report["runs"]] == [4, 9]
    expect_values(data, tiny_store, read_metadata([data / "metadata.parquet"]))


def test_another_part_is_refused_and_the_difference_is_named(server: RangeServer, tables: Path, tmp_path: Path):
    source, data = addresses(server, "path"), tmp_path / "data"
    run_reben("get", "--tables", tables, "--split", "train", *source, "--output", data)
    state = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    said = run_reben("get", "--tables", tables, "--split", "test", *source, "--output", data, code=1).stderr
    assert "values that are not asked for" in said
    assert "--split was train, is test" in said
    said = run_reben("get", "--tables", tables, "--split", "train", "--bands", "s1", *source, "--output", data, code=1)
    assert "--bands was all, is s1" in said.stderr
    said = run_reben("get", "--tables", tables, "--split", "test", "--dry-run", *source, "--output", data, code=1)
    assert "--split was train, is test" in said.stderr
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == state


def test_a_folder_with_something_else_is_refused(server: RangeServer, tables: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.tex").touch()
    command = ("get", "--tables", tables, *addresses(server, "path"), "--output", tmp_path / "data")
    assert "thesis.tex" in run_reben(*command, code=1).stderr
    assert "thesis.tex" in run_reben(*command, "--dry-run", code=1).stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("way", ["lmdb and maps", "archives on disk", "path"])
def test_a_dry_run_says_what_it_takes_and_makes_nothing(server: RangeServer, tables: Path, tmp_path: Path, way: str):
    data = tmp_path / "data"
    said = run_reben("get", "--tables", tables, "--dry-run", *addresses(server, way), "--output", data).stdout
    rows = read_metadata([tables])
    number = sum(not is_flagged(row) for row in rows.to_pylist())
    assert f"{number:>9,}  Sentinel-2 patches" in said
    assert "patches per split:" in said
    assert "to fetch:" in said
    assert "are free" in said
    assert not data.exists()


def test_what_a_source_lacks_is_named(tables: Path, tiny_store: Path, tmp_path: Path):
    missing = read_metadata([tables])["patch_id"][1].as_py()
    with create_store(tmp_path / "small") as writer:
        store = open_store(tiny_store)
        writer.write([(key, store.raw(key)) for key in store if key != missing])
    command = ("get", "--tables", tables, "--source", tmp_path / "small", "--output", tmp_path / "data")
    assert f"lacks 1 of the wanted values, such as '{missing}'" in run_reben(*command, code=1).stderr
    assert not (tmp_path / "data" / "store").exists()


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["lmdb", "x"], "lmdb stands alone"),
        (["nothing-here"], "is neither a store nor called like an archive"),
        (["https://example.org/patches.tar.zst"], "its name does not say what it holds"),
        (["http://example.org/BigEarthNet-S2.tar.zst"], "would be read without encryption"),
    ],
)
def test_sources_that_cannot_be(tables: Path, tmp_path: Path, sources: list[str], message: str):
    given = [text for source in sources for text in ("--source", source)]
    assert message in run_reben("get", "--tables", tables, *given, "--output", tmp_path / "data", code=1).stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("option", ["--seed", "--limit", "--per-class"])
def test_numbers_of_many_digits_are_refused(server: RangeServer, tables: Path, tmp_path: Path, option: str):
    """A report with them could not be read again."""
    options = (option, "9" * 70, *addresses(server, "path"))
    assert option in run_reben("get", "--tables", tables, *options, "--output", tmp_path / "data", code=2).stderr
    assert not (tmp_path / "data").exists()


def test_patches_without_the_wanted_values_are_refused(server: RangeServer, tables: Path, tmp_path: Path):
    rows = read_metadata([tables])
    place = rows.column_names.index("s1_name")
    names = pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
    write_metadata(tmp_path / "alone.parquet", rows.set_column(place, rows.schema.field(place), names))
    options = ("--bands", "s1", "--no-maps", *addresses(server, "path"), "--output", tmp_path / "data")
    said = run_reben("get", "--tables", tmp_path / "alone.parquet", *options, code=1).stderr
    assert "none of the values" in said
    assert not (tmp_path / "data").exists()


def test_what_was_got_trains(server: RangeServer, tables: Path, tmp_path: Path):
    data = tmp_path / "data"
    run_reben("get", "--tables", tables, *addresses(server, "lmdb and maps"), "--output", data)
    run_reben(
        "train", "--data", data, "--output", tmp_path / "run", "--model", "test_resnet", "--epochs", 1, "--batch-size",
        8, "--warmup-steps", 0, "--accelerator", "cpu", "--dropout", 0, "--bands", "s1",
    )  # fmt: skip
    assert (tmp_path / "run" / "test.json").exists()


@pytest.fixture
def published(server: RangeServer, tables: Path, monkeypatch: pytest.MonkeyPatch) -> RangeServer:
    """The stand-in has what the servers of the published data set have, under its own addresses and checksums."""
    shutil.copyfile(tables, server.folder / "metadata.parquet")
    empty = read_metadata([tables]).slice(0, 0)
    write_metadata(server.folder / "snow.parquet", empty)

    def file(name: str) -> PublishedFile:
        path = server.folder / name
        return PublishedFile(name, server.url(name, "hub"), md5_of(path), path.stat().st_size)

    maps = file("Reference_Maps.tar.zst")
    kinds = {"s2": "BigEarthNet-S2.tar.zst", "s1": "BigEarthNet-S1.tar.zst"}
    archives = {kind: (sources_module._ARCHIVES[kind][0], file(name)) for kind, name in kinds.items()}
    monkeypatch.setattr(sources_module, "_ARCHIVES", archives | {"maps": (sources_module._ARCHIVES["maps"][0], maps)})
    monkeypatch.setattr(sources_module, "LMDB_COPY", lmdb_of(server))
    monkeypatch.setattr(stage_module, "METADATA", file("metadata.parquet"))
    monkeypatch.setattr(stage_module, "SNOW_AND_CLOUD_METADATA", file("snow.parquet"))
    for module in (stage_module, estimate_module):
        monkeypatch.setattr(module, "MAPS_ARCHIVE", maps)
    return server


def asked_for(server: RangeServer, name: str) -> int:
    return sum(name in request.path for request in server.requests)


def test_the_published_data_set_is_what_is_got_by_default(published: RangeServer, tiny_store: Path, tmp_path: Path):
    def dry_run() -> str:
        return run_reben("get", "--limit", 3, "--source", "lmdb", "--dry-run", "--output", tmp_path / "data").stdout

    published.requests.clear()
    maps_bytes = (published.folder / "Reference_Maps.tar.zst").stat().st_size
    assert f"to fetch: {in_bytes(maps_bytes)}, from {published.url('Reference_Maps.tar.zst', 'hub')}" in dry_run()
    run_reben("get", "--limit", 3, "--source", "lmdb", "--output", tmp_path / "data")
    first = asked_for(published, "Reference_Maps"), asked_for(published, "metadata.parquet")
    assert min(first) > 0
    assert asked_for(published, "BigEarthNet-S") == 0
    expect_values(tmp_path / "data", tiny_store, read_metadata([tmp_path / "data" / "metadata.parquet"]))
    run_reben("get", "--limit", 6, "--source", "lmdb", "--output", tmp_path / "data")  # tables and maps are kept
    assert (asked_for(published, "Reference_Maps"), asked_for(published, "metadata.parquet")) == first
    report = json.loads((tmp_path / "data" / "get-report.json").read_text())
    assert report["tables"][0]["published"]
    run_reben("get", "--limit", 6, "--source", "archives", "--output", tmp_path / "other")
    assert asked_for(published, "BigEarthNet-S") > 0
    for name in STORE_FILES:
        assert (tmp_path / "other" / "store" / name).read_bytes() == (tmp_path / "data" / "store" / name).read_bytes()


def test_a_table_that_is_not_the_published_one_is_refused(published: RangeServer, tmp_path: Path):
    path = published.folder / "metadata.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    try:
        said = run_reben("get", "--limit", 3, "--output", tmp_path / "data", code=1).stderr
    finally:
        path.write_bytes(content)
    assert "metadata.parquet: what the server sent has the MD5" in said
    assert not (tmp_path / "data").exists()
