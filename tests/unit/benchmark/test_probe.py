from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reben.benchmark.options import ProbeOptions
from reben.benchmark.probe import probe
from reben.benchmark.results import predictions_path, read_predictions, read_results
from reben.core.errors import BenchmarkError
from reben.learn.retrieval.embeddings import EmbeddingModel, write_embeddings
from reben.work.checksums import sha256

MakeTables = Callable[..., tuple[Path, Path]]


@pytest.fixture
def make_tables(make_task: Callable[..., Path], tmp_path: Path) -> MakeTables:
    """Metadata tables, and embeddings that know the labels more or less."""

    def make(name: str, noise: float, leave_out: int = 0) -> tuple[Path, Path]:
        metadata, rows, labels, names = make_task()
        vectors = labels + noise * np.random.default_rng(len(name)).normal(size=labels.shape)
        count = len(rows) - leave_out
        model = EmbeddingModel(name, "test_resnet", name * 4, ("B04",), (0.0,), (1.0,), "x", names, labels.shape[1])
        path = tmp_path / f"{name}.parquet"
        write_embeddings(path, rows.slice(0, count), [vectors[:count].astype(np.float32)], model)
        return metadata, path

    return make


def test_better_embeddings_have_better_scores_and_all_is_reproducible(make_tables: MakeTables, tmp_path: Path):
    metadata, good = make_tables("good", 0.3)
    _, bad = make_tables("bad", 30.0)
    options = ProbeOptions(fraction=(0.5, 1.0), seeds=1, bootstrap=5)
    lists = tmp_path / "lists.parquet"
    runs = probe([good, bad], metadata=[metadata], output=tmp_path / "r.json", options=options, lists=lists)
    results = read_results(tmp_path / "r.json")
    assert results.runs == runs
    scores = {(run.model.name, run.method, run.fraction, run.seed): run.scores["ap_macro"] for run in results.runs}
    assert len(scores) == 2 * 2 * 2
    for method in ("linear", "knn"):
        assert scores["good", method, 1.0, 0] > 0.9 * 4 / 19  # 4 of 19 classes have patches, as the paper counts
        assert scores["bad", method, 1.0, 0] < 0.6 * 4 / 19
    run = results.runs[0]
    assert run.intervals["ap_macro"].low <= run.scores["ap_macro"] <= run.intervals["ap_macro"].high
    assert run.intervals_by == "tile"
    assert set(run.ap_macro_by_country) == {"Here", "There"}
    predictions = read_predictions(tmp_path / "r.json", results)
    assert len(predictions.ids) == results.data.patches["test"] == len(predictions.of_runs[0])
    assert len(set(predictions.units)) == 5
    digest = sha256(lists)
    again = probe([good], metadata=[metadata], output=tmp_path / "again.json", options=options, lists=lists)
    assert again == results.runs[: len(again)]
    assert sha256(lists) == digest


def test_other_patches_are_refused(make_tables: MakeTables, tmp_path: Path):
    metadata, path = make_tables("short", 1.0, leave_out=3)
    options = ProbeOptions(bootstrap=0)
    with pytest.raises(BenchmarkError, match=r"short.parquet: lacks 3 of \d+ test patches"):
        probe([path], metadata=[metadata], output=tmp_path / "r.json", options=options)
    _, whole = make_tables("whole", 1.0)
    with pytest.raises(BenchmarkError, match="another table is of whole"):
        probe([whole, whole], metadata=[metadata], output=tmp_path / "r.json", options=options)
    assert not (tmp_path / "r.json").exists()


def test_predictions_that_were_changed_are_noticed(make_tables: MakeTables, tmp_path: Path):
    metadata, path = make_tables("good", 1.0)
    probe([path], metadata=[metadata], output=tmp_path / "r.json", options=ProbeOptions(bootstrap=0, method=("knn",)))
    results = read_results(tmp_path / "r.json")
    with predictions_path(tmp_path / "r.json").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BenchmarkError, match="not the file that was written with"):
        read_predictions(tmp_path / "r.json", results)
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(BenchmarkError):
        read_results(tmp_path / "r.json")
