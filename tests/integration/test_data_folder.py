"""One path for a data set: every command takes a data folder; data sets of others train from their own tables."""

import json
import shutil
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import save
from torch.utils.data import DataLoader

import reben
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store
from stand_ins.command import run_reben
from stand_ins.range_server import running_range_server

FAST = ("--model", "test_resnet", "--epochs", "1", "--batch-size", "8", "--warmup-steps", "0", "--accelerator", "cpu")


def run(*arguments: object, code: int = 0) -> str:
    result = run_reben(*arguments, code=code)
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def data(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the GeoTIFFs with the store that `encode --data` adds to them."""
    folder = tmp_path_factory.mktemp("data") / "set"
    shutil.copytree(tiny_dataset.root, folder)
    assert str(folder / "store") in run("encode", "bigearthnet", "--data", folder)
    return folder


@pytest.fixture(scope="module")
def trained(data: Path) -> Path:
    run("train", "--data", data, "--output", data.parent / "run", *FAST)
    return data.parent / "run"


def test_the_store_holds_all_parts(data: Path, tiny_store: Path):
    assert list(reben.open_store(data / "store")) == list(reben.open_store(tiny_store))
    assert len(reben.open_dataset(data)) == len(reben.open_dataset(tiny_store, DatasetPaths(data).metadata))


def test_every_command_takes_the_folder(data: Path, trained: Path, tmp_path: Path):
    assert "macro AP" in run("evaluate", "--checkpoint", trained, "--data", data)
    assert "test" in run("stats", "--data", data, "--split", "test")
    run("embed", "--checkpoint", trained, "--data", data, "--output", tmp_path / "e.parquet")
    run("plot", "--data", data, "--count", 2, "--output", tmp_path / "p.png")
    assert "all is well" in run("verify", data)
    assert "missing" in run("evaluate", "--checkpoint", trained, code=2)
    both = run("evaluate", "--checkpoint", trained, "--data", data, "--store", data / "store", code=2)
    assert "give either --data" in " ".join(both.split())


def test_a_list_of_patches_for_training_and_evaluation(data: Path, tmp_path: Path):
    rows = read_metadata(DatasetPaths(data).metadata).to_pylist()
    listed = [row for row in rows if row["split"] != "test"] + [row for row in rows if row["split"] == "test"][:2]
    (tmp_path / "patches.txt").write_text("\n".join(row["patch_id"] for row in listed))
    given = ("--data", data, "--patches", tmp_path / "patches.txt")
    assert "test split, 2 patches" in run("train", *given, "--output", tmp_path / "run", *FAST)
    assert "test split, 2 patches" in run("evaluate", *given, "--checkpoint", tmp_path / "run")
    (tmp_path / "patches.txt").write_text("nobody")
    assert "are in no metadata table" in run("evaluate", *given, "--checkpoint", tmp_path / "run", code=1)


@pytest.mark.large
def test_the_doctor_measures_a_disk(tmp_path: Path):
    said = json.loads(run_reben("doctor", tmp_path, "--json", "-", code=(0, 1)).stdout)
    assert said["disk"]["write_mb_s"] > 0
    assert said["processors"] >= 1
    assert "Python" in run_reben("doctor", tmp_path, "--no-disk", code=(0, 1)).stdout


def test_a_look_at_patches(data: Path, tmp_path: Path):
    first, second, *_ = [row["patch_id"] for row in read_metadata(DatasetPaths(data).metadata).to_pylist()]
    said = run("show", data, second, first).splitlines()
    assert [line.partition("\t")[0] for line in said] == [second, first]
    run("show", data, first, "--bands", "B08,B04,B03", "--output", tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 5_000
    assert "B99" in run("show", data, first, "--bands", "B99", code=1)
    assert "nobody" in run("show", data, "nobody", code=1)


def test_predictions_of_a_split_in_the_format_of_their_name(data: Path, trained: Path, tmp_path: Path):
    rows = read_metadata(DatasetPaths(data).metadata).to_pylist()
    wanted = sorted(row["patch_id"] for row in rows if row["split"] == "test")
    for ending in ("parquet", "gpkg", "geojson"):
        file = tmp_path / f"labels.{ending}"
        run("predict", "--checkpoint", trained, "--data", data, "--split", "test", "--output", file)
        found = (geopandas.read_parquet if ending == "parquet" else geopandas.read_file)(file)
        assert sorted(found["patch_id"]) == wanted
        assert found.geometry.notna().all()
    output = run("predict", "--checkpoint", trained, "--data", data, "--output", tmp_path / "labels.png", code=2)
    assert ".parquet" in output
    assert not (tmp_path / "labels.png").exists()


def test_statistics_of_the_folder_are_used(data: Path, tmp_path: Path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "store").symlink_to(data / "store")
    shutil.copy(DatasetPaths(data).metadata, folder)
    run("stats", "--data", folder, "--json", folder / "statistics.json")
    own = reben.open_dataset(folder, bands="B02")
    assert own.statistics["B02"].mean != reben.open_dataset(data, bands="B02").statistics["B02"].mean
    run("train", "--data", folder, "--output", tmp_path / "run", *FAST)
    assert reben.load_model(tmp_path / "run").statistics["B02"].mean == pytest.approx(own.statistics["B02"].mean)


@pytest.fixture(scope="module")
def eurosat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for EuroSAT: all bands at one size, one label per image, ids that tell no tile."""
    folder = tmp_path_factory.mktemp("eurosat")
    draw = np.random.default_rng(0)
    names = [f"{label}_{number}" for label in ("Forest", "River", "SeaLake") for number in range(12)]
    with create_store(folder / "store") as writer:
        for name in sorted(names):
            level = {"Forest": 800, "River": 2000, "SeaLake": 300}[name.split("_")[0]]
            bands = {b: draw.normal(level, 50, (32, 32)).astype(np.uint16) for b in ("B01", "B02", "B03", "B08A")}
            writer.write([(name, save(bands))])
    splits = [("train", "validation", "test")[number % 3] for number in range(len(names))]
    labels = [name.split("_")[0] for name in names]
    pq.write_table(pa.table({"patch_id": names, "labels": labels, "split": splits}), folder / "metadata.parquet")
    return folder


def test_another_data_set_trains_is_evaluated_and_predicted(eurosat: Path, tmp_path: Path):
    said = run("train", "--data", eurosat, "--output", tmp_path / "no", *FAST, "--bands", "B04", code=1)
    assert "unknown band 'B04'" in said
    run("stats", "--data", eurosat, "--json", eurosat / "statistics.json")
    run("train", "--data", eurosat, "--output", tmp_path / "run", *FAST)
    test = json.loads((tmp_path / "run" / "test.json").read_text())
    assert set(test["ap_per_class"]) == {"Forest", "River", "SeaLake"}
    assert test["by_season"] == test["by_country"] == {}
    model = reben.load_model(tmp_path / "run")
    assert model.bands == ("B01", "B02", "B03", "B08A")
    assert model.legend.class_names == ("Forest", "River", "SeaLake")
    run("predict", "--checkpoint", tmp_path / "run", "--data", eurosat, "--output", tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text().count("\n") == 37
    dataset = reben.open_dataset(eurosat, split="train")
    sample = dataset[0]
    probable = model.probable(model.image(reben.open_store(eurosat / "store")[sample["patch_id"]]), threshold=0)
    with torch.inference_mode():
        expected = model.model(next(iter(DataLoader(dataset, batch_size=1)))["image"]).sigmoid()[0]
    assert list(probable.values()) == pytest.approx(sorted(expected.tolist(), reverse=True), rel=1e-3)


def test_a_part_of_the_classes_is_evaluated_with_the_legend_of_the_run(eurosat: Path, tmp_path: Path):
    if not (eurosat / "statistics.json").exists():
        run("stats", "--data", eurosat, "--json", eurosat / "statistics.json")
    run("train", "--data", eurosat, "--output", tmp_path / "run", *FAST)
    rows = pq.read_table(eurosat / "metadata.parquet").to_pylist()
    few = [row for row in rows if row["labels"] != "River"]
    pq.write_table(pa.Table.from_pylist(few), tmp_path / "few.parquet")
    output = run(
        "evaluate",
        "--checkpoint",
        tmp_path / "run",
        "--store",
        eurosat / "store",
        "--metadata",
        tmp_path / "few.parquet",
    )
    assert "River  (no patch has it" in output


def test_one_class_is_refused_early(eurosat: Path, tmp_path: Path):
    rows = [{**row, "labels": "Land"} for row in pq.read_table(eurosat / "metadata.parquet").to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "metadata.parquet")
    (tmp_path / "store").symlink_to(eurosat / "store")
    run("stats", "--data", tmp_path, "--json", tmp_path / "statistics.json")
    said = run("train", "--data", tmp_path, "--output", tmp_path / "run", *FAST, code=1)
    assert "there is nothing to tell it from" in said
    assert not (tmp_path / "run").exists()


def test_training_and_prediction_from_an_address(
    tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    shutil.copytree(tiny_store, tmp_path / "served" / "store")
    with running_range_server(tmp_path / "served") as server:
        given = ("--store", server.url("store", "hub"), "--metadata", tiny_dataset.metadata)
        said = run("train", *given, "--output", tmp_path / "run", "--bands", "s1", *FAST)
        assert "is read over the line" in said
        assert "patches/s" in said
        asked = server.sent
        first = run("predict", "--checkpoint", tmp_path / "run", *given, "--split", "test")
        run("plot", *given, "--split", "test", "--count", 1, "--output", tmp_path / "patch.png")
        assert server.sent > asked
    again = run("predict", "--checkpoint", tmp_path / "run", *given, "--split", "test")  # out of the cache
    assert again == first
    plain = ("--store", tiny_store, "--metadata", tiny_dataset.metadata, "--split", "test")
    assert run("predict", "--checkpoint", tmp_path / "run", *plain) == first
