"""GeoTIFF patches -> store -> training -> evaluation -> prediction, through the command line, as a user runs it."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
import rasterio

from reben import __version__
from reben.core.bands import S1_BANDS, S2_BANDS
from reben.core.classes import CLC2018
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from stand_ins.command import run_reben as reben


def encode(paths: DatasetPaths, target: Path, *options: object, code: int = 0) -> CompletedProcess[str]:
    return reben(
        "encode", "bigearthnet", "--s2-dir", paths.s2, "--s1-dir", paths.s1,
        "--reference-maps-dir", paths.reference_maps, "--output", target, *options, code=code,
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(real_patches: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("main_job") / "store"
    result = encode(real_patches, target, "--workers", 2)
    assert "12 Sentinel-2 patches" in result.stdout
    assert "12 Sentinel-1 patches" in result.stdout
    assert "1 reference maps" in result.stdout
    return target


@pytest.fixture(scope="module")
def tables(real_patches: DatasetPaths) -> list[object]:
    return ["--metadata", real_patches.metadata, "--metadata", real_patches.snow_and_cloud_metadata]


def test_every_stored_array_equals_its_geotiff_read_by_rasterio(real_patches: DatasetPaths, store: Path):
    opened = open_store(store)
    compared = 0
    for file in sorted(real_patches.root.glob("*/*/*/*.tif")):
        key, band = file.stem.rsplit("_", 1)
        if file.stem.endswith("_reference_map"):
            key, band = file.stem, "Data"
        with rasterio.open(file) as source:
            expected = source.read(1)
        stored = opened[key][band]
        np.testing.assert_array_equal(stored, expected)
        assert stored.dtype == expected.dtype
        compared += 1
    assert compared == 12 * (len(S2_BANDS) + len(S1_BANDS)) + 1
    assert sum(len(opened[key]) for key in opened) == compared


@pytest.mark.parametrize(
    ("model", "bands"),
    [
        ("test_resnet", "all"),
        ("test_resnet", "s1"),
        ("test_vit", "s2"),
        *(
            pytest.param(model, bands, marks=pytest.mark.slow)
            for model in ("mobilevit_s", "resnet50")
            for bands in ("all", "s1", "s2")
        ),
    ],
)
def test_train_evaluate_and_predict_on_real_patches(
    store: Path, tables: list[object], tmp_path: Path, model: str, bands: str
):
    run = tmp_path / "run"
    reben(
        "train", "--store", store, *tables, "--model", model, "--bands", bands,
        "--epochs", 2, "--batch-size", 2, "--output", run, "--seed", 1,
    )  # fmt: skip
    assert len((run / "metrics.csv").read_text().splitlines()) == 3

    scores_file, predictions_file = tmp_path / "scores.json", tmp_path / "predictions.json"
    reben("evaluate", "--checkpoint", run, "--store", store, *tables, "--split", "test", "--json", scores_file)
    scores = json.loads(scores_file.read_text())
    assert all(0 <= scores[name] <= 1 for name in ("ap_macro", "ap_micro", "f1_macro", "f1_micro"))
    assert list(scores["ap_per_class"]) == list(CLC2018.class_names)
    assert scores["patches"] == 3

    reben("predict", "--checkpoint", run, "--store", store, *tables, "--json", predictions_file)
    predictions = json.loads(predictions_file.read_text())
    assert len(predictions) == 12
    for prediction in predictions.values():
        logits, probabilities = (np.array([*prediction[name].values()]) for name in ("logits", "probabilities"))
        assert logits.shape == probabilities.shape == (19,)
        np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_single_patches_can_be_predicted(store: Path, tables: list[object], real_patches: DatasetPaths, tmp_path: Path):
    run = tmp_path / "run"
    reben(
        "train", "--store", store, *tables, "--model", "test_resnet", "--bands", "s2",
        "--epochs", 1, "--batch-size", 2, "--output", run,
    )  # fmt: skip
    ids = read_metadata(real_patches.metadata)["patch_id"].to_pylist()[4:1:-1]
    predicted = json.loads(reben("predict", "--checkpoint", run, "--store", store, *tables, "--json", "-", *ids).stdout)
    assert list(predicted) == ids
    lines = reben("predict", "--checkpoint", run, "--store", store, *tables, ids[0]).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [ids[0]]
    error = reben("predict", "--checkpoint", run, "--store", store, *tables, "S2A_nowhere", code=1).stderr
    assert "S2A_nowhere" in error
    assert "hint:" in error


def test_what_goes_wrong_ends_with_exit_code_1_and_a_hint(
    store: Path, tables: list[object], real_patches: DatasetPaths, tmp_path: Path
):
    before = (store / "data.mdb").read_bytes()
    encode(real_patches, store)  # given again, the command finds its own work
    error = reben("encode", "bigearthnet", "--s2-dir", real_patches.s2, "--output", store, code=1).stderr
    assert str(store) in error
    assert "exists already" in error
    assert (store / "data.mdb").read_bytes() == before

    error = reben(
        "encode", "bigearthnet", "--s2-dir", real_patches.root, "--output", tmp_path / "x", code=1
    ).stderr  # fmt: skip
    assert f"did you mean {real_patches.s2}?" in error.replace("\n", "")
    assert not list(tmp_path.iterdir())

    error = reben("evaluate", "--checkpoint", tmp_path, "--store", store, *tables, code=1).stderr
    assert "config.json is missing" in error
    assert "hint:" in error

    error = reben(
        "train", "--store", tmp_path, *tables, "--model", "resnet50", "--output", tmp_path / "run", code=1
    ).stderr  # fmt: skip
    assert "is not a store" in error
    assert not (tmp_path / "run").exists()

    assert "Missing option" in reben("train", "--store", store, code=2).stderr


def test_version_help_and_completion(monkeypatch: pytest.MonkeyPatch):
    assert reben("--version").stdout == f"reben {__version__}\n"
    for command in ([], ["encode"], ["encode", "bigearthnet"], ["train"], ["evaluate"], ["predict"], ["demo"]):
        assert "Usage:" in reben(*command, "--help").stdout
    for option in ("--s2-dir", "--s1-dir", "--reference-maps-dir", "--output", "--workers"):
        assert option in reben("encode", "bigearthnet", "--help").stdout
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # there may be no shell around the tests
    assert "reben" in reben("--show-completion", "bash").stdout
