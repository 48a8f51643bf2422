import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reben.benchmark.comparison import compare
from reben.benchmark.leaderboard import write_leaderboard
from reben.benchmark.options import ProbeOptions
from reben.benchmark.others import read_claims
from reben.benchmark.probe import probe
from reben.core.errors import BenchmarkError
from reben.learn.retrieval.embeddings import EmbeddingModel, write_embeddings

MakeResults = Callable[..., Path]


@pytest.fixture
def make_results(make_task: Callable[..., Path], tmp_path: Path) -> MakeResults:
    """A result file of one model, whose embeddings know the labels more or less."""

    def make(name: str, noise: float, *, per_tile: int = 40, fraction: float = 1.0, seed: int = 0) -> Path:
        metadata, rows, labels, names = make_task(per_tile)
        vectors = labels + noise * np.random.default_rng(seed).normal(size=labels.shape)
        model = EmbeddingModel(name, "test_resnet", "0" * 64, ("B04",), (0.0,), (1.0,), "x", names, labels.shape[1])
        file = "".join(filter(str.isalnum, name))
        write_embeddings(tmp_path / f"{file}.parquet", rows, [vectors.astype(np.float32)], model)
        options = ProbeOptions(method=("knn",), bootstrap=0, fraction=(fraction,), seeds=2)
        output = tmp_path / f"{file}-{per_tile}-{fraction}.json"
        probe([tmp_path / f"{file}.parquet"], metadata=[metadata], output=output, options=options)
        return output

    return make


def test_a_difference_is_paired_and_said_to_be_noise_where_it_is(make_results: MakeResults, tmp_path: Path):
    paths = [make_results("good", 0.1), make_results("same", 0.1, seed=5), make_results("bad@random", 20.0)]
    (tmp_path / "others.csv").write_text("model,metric,value,source\n<b>Other</b>,ap_macro,0.7,arXiv:0000.00000\n")
    found = write_leaderboard(paths, tmp_path / "out", others=tmp_path / "others.csv", resamples=100)
    assert [entry.is_control for entry in found.entries] == [False, False, True]
    differences = {(d.better, d.worse, d.metric): d for d in found.differences}
    clear = differences[found.entries[0].name, "bad@random", "ap_micro"]
    assert clear.is_beyond_noise
    assert clear.interval.low <= clear.value <= clear.interval.high
    twins = next(d for pair, d in differences.items() if {"good", "same"} == set(pair[:2]))
    assert not twins.is_beyond_noise
    rows = list(csv.DictReader((tmp_path / "out" / "leaderboard.csv").read_text().splitlines()))
    assert [row["model"] for row in rows] == [entry.name for entry in found.entries]
    assert float(rows[0]["ap_macro_low"]) <= float(rows[0]["ap_macro"])
    page = (tmp_path / "out" / "leaderboard.html").read_text()
    assert "&lt;b&gt;Other&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", "")  # self-contained
    assert "Table I" in page
    assert "beyond noise" in (tmp_path / "out" / "leaderboard.md").read_text()
    assert r"bad@random" in (tmp_path / "out" / "leaderboard.tex").read_text()
    assert len((tmp_path / "out" / "differences.csv").read_text().splitlines()) == 7


def test_seeds_are_gathered(make_results: MakeResults):
    (entry,) = compare([make_results("one", 0.5, fraction=0.5)], resamples=10).entries
    assert len(entry.runs) == 2
    assert entry.spread("ap_macro") is not None
    assert entry.setting == ("knn", 0.5)


def test_results_that_cannot_be_compared_are_refused(make_results: MakeResults, tmp_path: Path):
    first, other = make_results("one", 0.5), make_results("two", 0.5, per_tile=30)
    with pytest.raises(BenchmarkError, match=r"not evaluated on the same patches: other train patches \(120 and 90\)"):
        compare([first, other])
    with pytest.raises(BenchmarkError, match=r"is in one-40-1.0.json, too"):
        compare([first, first])
    values = json.loads(first.read_text())
    values["data"]["rows_sha256"] = "0" * 64
    values["runs"][0]["model"]["name"] = "three"
    (tmp_path / "changed.json").write_text(json.dumps(values))
    with pytest.raises(BenchmarkError, match="the same patches with other labels"):
        compare([first, tmp_path / "changed.json"])
    values = json.loads(first.read_text())
    values["runs"][0]["train_sha256"] = "0" * 64
    (tmp_path / "changed.json").write_text(json.dumps(values))
    with pytest.raises(BenchmarkError, match="learnt from other training patches"):
        compare([first, tmp_path / "changed.json"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,value\nx,1\n", "has no column metric, source"),
        ("model,metric,value,source\nx,ap_macro,70,y\n", "is not from 0 to 1"),
        ("model,metric,value,source\nx,accuracy,0.7,y\n", "'accuracy' is not a metric"),
        ("model,metric,value,source\nx,ap_macro,0.7,\n", "line 2: source is missing"),
    ],
)
def test_scores_of_others_need_a_source(tmp_path: Path, text: str, message: str):
    (tmp_path / "others.csv").write_text(text)
    with pytest.raises(BenchmarkError, match=message):
        read_claims(tmp_path / "others.csv")
