"""`reben store` and `reben stats`, as a user runs them."""

import filecmp
import json
from pathlib import Path

import pytest

from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from stand_ins.command import run_reben
from stand_ins.range_server import running_range_server

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


def reben(*arguments: object, code: int = 0) -> str:
    return run_reben(*arguments, code=code).stdout


@pytest.fixture
def halves(real_store: Path, tmp_path: Path) -> list[Path]:
    """The real store as two stores that have some values in common."""
    store = open_store(real_store)
    keys = list(store)
    parts = {"a": keys[: len(keys) // 2 + 3], "b": keys[len(keys) // 2 :]}
    for name, part in parts.items():
        with create_store(tmp_path / name) as writer:
            writer.write([(key, store.raw(key)) for key in part])
    return [tmp_path / name for name in parts]


def test_info_shows_one_value_of_each_kind(real_store: Path):
    output = reben("store", "info", real_store)
    assert f"{len(open_store(real_store)):,} values" in output
    assert "VH VV: 120 x 120 float32" in output
    assert "Data: 120 x 120 uint16" in output


def test_info_of_a_store_at_an_address(real_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    with running_range_server(real_store.parent) as server:
        output = reben("store", "info", f"{server.url(real_store.name)}/data.mdb?signature=secret")
    near = reben("store", "info", real_store)
    assert output.partition(" values")[2] == near.partition(" values")[2]
    assert "secret" not in output


def test_check_counts_kinds_and_gives_a_checksum_of_the_contents(real_store: Path, halves: list[Path], tmp_path: Path):
    reben("store", "check", real_store, "--json", tmp_path / "one.json")
    found = json.loads((tmp_path / "one.json").read_text())
    assert found["values"] == len(open_store(real_store)) == 25
    assert sorted(found["kinds"].values()) == [1, 12, 12]
    assert found["damaged"] == 0

    output = reben("store", "merge", *halves, "--target", tmp_path / "merged")
    assert "25 values" in output
    assert found["sha256"] in reben("store", "check", tmp_path / "merged")
    assert found["sha256"] not in reben("store", "check", halves[0])

    (tmp_path / "shards").mkdir()
    for number, half in enumerate(halves):
        half.rename(tmp_path / "shards" / f"shard-0000{number}")
    (tmp_path / "shards" / "shards.json").write_text(json.dumps({"shards": len(halves)}))
    assert found["sha256"] not in reben("store", "check", tmp_path / "shards")  # some values are there twice


def test_check_names_damaged_values(real_store: Path, tmp_path: Path):
    store = open_store(real_store)
    with create_store(tmp_path / "store") as writer:
        writer.write([(key, store.raw(key)[: -1 if key.startswith("S1") else None]) for key in store])
    output = reben("store", "check", tmp_path / "store", "--json", "-", code=1)
    found = json.loads(output)
    assert found["damaged"] == 12
    assert set(found["damaged values"]) == {key for key in store if key.startswith("S1")}


def test_what_was_encoded_is_exported_byte_for_byte(real_store: Path, real_patches: DatasetPaths, tmp_path: Path):
    (tmp_path / "tiles.csv").write_text(f"tile,crs,ulx_m,uly_m\n{TILE},EPSG:32633,300000,5400000\n")
    reben("store", "export", real_store, "--target", tmp_path / "out", "--tiles", tmp_path / "tiles.csv")
    files = [path.relative_to(real_patches.root) for path in real_patches.root.glob("*/*/*/*.tif")]
    assert len(files) == 12 * 14 + 1 == len(list((tmp_path / "out").rglob("*.tif")))
    for file in files:
        assert filecmp.cmp(real_patches.root / file, tmp_path / "out" / file, shallow=False), file


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tiles.csv", "tile,crs\na,b\n", "line 2: has no ulx_m, uly_m"),
        ("tiles.json", '{"tiles": 3}', "cannot be read as the places of tiles"),
    ],
)
def test_unknown_places(real_store: Path, tmp_path: Path, name: str, content: str, message: str):
    (tmp_path / name).write_text(content)
    command = ("store", "export", real_store, "--target", tmp_path / "out", "--tiles", tmp_path / name)
    assert message in run_reben(*command, code=1).stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["patch_0", f"{TILE}_26_57"])
def test_stores_of_other_data_sets_cannot_be_exported(tmp_path: Path, real_store: Path, key: str):
    (tmp_path / "tiles.csv").write_text(f"tile,crs,ulx_m,uly_m\n{TILE},EPSG:32633,300000,5400000\n")
    with create_store(tmp_path / "store") as writer:
        value = open_store(real_store).raw(f"{TILE}_26_57")
        writer.write([(key, value.replace(b'"B01"', b'"XXX"'))])
    store, tiles = tmp_path / "store", tmp_path / "tiles.csv"
    said = run_reben("store", "export", store, "--target", tmp_path / "out", "--tiles", tiles, code=1).stderr
    assert "none of reBEN's" in said


def test_stats_feed_training(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    options = ["--store", tiny_store, "--metadata", tiny_dataset.metadata]
    output = reben("stats", *options, "--json", tmp_path / "stats.json", "--workers", 1)
    assert "train split" in output
    assert set(json.loads((tmp_path / "stats.json").read_text())["bands"]) >= {"VV", "B02", "B12"}
    run = ["--model", "test_resnet", "--epochs", 1, "--batch-size", 8, "--output", tmp_path / "run"]
    reben("train", *options, *run, "--statistics", tmp_path / "stats.json", "--warmup-steps", 0)
    mean = json.loads((tmp_path / "stats.json").read_text())["bands"]["B02"]["mean"]
    assert str(mean) in (tmp_path / "run" / "config.json").read_text()
