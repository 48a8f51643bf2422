"""All eight models of the paper learn from real patches and from the demo's, with all three modalities."""

from math import isfinite
from pathlib import Path

import pyarrow as pa
import pytest

from own_process import in_own_process
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.learn.training.loop import train
from reben.learn.training.recipe import make_recipe
from reben.paper.models import MODALITIES, PAPER_MODELS


@pytest.fixture(scope="module")
def few_rows(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four training patches and two to validate, of the demo's landscape."""
    rows = read_metadata([tiny_dataset.metadata])
    splits = rows["split"].to_pylist()
    chosen = [
        i for split, n in (("train", 4), ("validation", 2)) for i in [j for j, s in enumerate(splits) if s == split][:n]
    ]
    path = tmp_path_factory.mktemp("few") / "metadata.parquet"
    write_metadata(path, rows.take(pa.array(sorted(chosen))))
    return path


def expect_to_learn(model: str, bands: str, store: Path, metadata: list[Path], run: Path, **settings: object) -> None:
    recipe = make_recipe(model=model, bands=bands, epochs=2, batch_size=4, warmup_steps=1, seed=1, **settings)
    rows: list[dict[str, float]] = []
    result = train(recipe, store=store, metadata=metadata, output=run, report=rows.append)
    assert result.epochs == 2
    assert all(isfinite(row["train/loss"]) for row in rows)
    assert rows[0]["train/loss"] != rows[1]["train/loss"]
    assert (run / "model.safetensors").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "bands"),
    [(model, bands) for model in PAPER_MODELS for bands in MODALITIES],
)
def test_two_epochs_on_real_patches(
    model: str, bands: str, real_store: Path, real_patches: DatasetPaths, tmp_path: Path
):
    tables = [real_patches.metadata, real_patches.snow_and_cloud_metadata]
    in_own_process(expect_to_learn, model, bands, real_store, tables, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "segmentation"])
@pytest.mark.parametrize("model", PAPER_MODELS)
def test_two_epochs_on_the_demos_patches(model: str, task: str, tiny_store: Path, few_rows: Path, tmp_path: Path):
    in_own_process(expect_to_learn, model, "all", tiny_store, [few_rows], tmp_path / "run", task=task)
