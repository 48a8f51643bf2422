"""Table I from runs: groups, means, deviations, order, the paper's numbers."""

import csv
import io
import json
from pathlib import Path

import pytest

from reben.core.errors import RunError
from reben.learn.scores.multilabel import METRIC_NAMES
from reben.paper.results import as_csv, as_latex, as_markdown, read_rows


def make_run(folder: Path, model: str, bands: str, seed: int, ap_macro: float | None) -> None:
    path = folder / f"{model}-{bands}-{seed}"
    path.mkdir(parents=True)
    (path / "recipe.json").write_text(json.dumps({"model": model, "bands": bands, "seed": seed}))
    if ap_macro is not None:
        scores = {"ap_macro": ap_macro, "ap_micro": 0.8, "f1_macro": 0.6, "f1_micro": 0.7}
        (path / "test.json").write_text(json.dumps(scores))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed, score in ((42, 0.70), (43, 0.72), (44, 0.71)):
        make_run(tmp_path / "runs", "resnet50", "all", seed, score)
    make_run(tmp_path / "runs", "resnet50", "all", 45, None)  # not tested
    make_run(tmp_path / "runs", "my_net", "B04,B03,B02", 1, 0.5)
    make_run(tmp_path / "runs", "resnet50", "s1", 42, 0.6)
    return tmp_path / "runs"


def test_rows_are_those_of_table_one(runs: Path):
    s1, all_bands, other = read_rows([runs])
    assert [(row.title, row.bands) for row in (s1, all_bands, other)] == [
        ("ResNet-50", "s1"), ("ResNet-50", "all"), ("my_net", "B04,B03,B02"),
    ]  # fmt: skip
    assert all_bands.seeds == (42, 43, 44)
    average, deviation = all_bands.scores["ap_macro"]
    assert (average, deviation) == (pytest.approx(71), pytest.approx(1))
    assert all_bands.paper is not None
    assert all_bands.paper.ap_macro == 70.76
    assert s1.scores["ap_macro"] == (pytest.approx(60), None)
    assert other.paper is None


def test_tables(runs: Path):
    rows = read_rows([runs])
    markdown = as_markdown(rows)
    assert "| ResNet-50 | all | 3 | 71.00 ± 1.00 (70.76) |" in markdown
    assert "| my_net | B04,B03,B02 | 1 | 50.00 | 80.00 | 60.00 | 70.00 |" in markdown
    latex = as_latex(rows)
    assert r"ResNet-50 & all & 3 & 71.00 $\pm$ 1.00 (70.76)" in latex
    assert r"my\_net" in latex
    assert latex.count(r"\\") == 4
    first, second, third = csv.DictReader(io.StringIO(as_csv(rows)))
    assert (second["ap_macro"], second["ap_macro_std"], second["ap_macro_paper"]) == ("71.00", "1.00", "70.76")
    assert (first["ap_macro_std"], third["ap_macro_paper"]) == ("", "")


def test_single_runs_may_be_given(runs: Path):
    (row,) = read_rows([runs / "resnet50-all-42", runs / "resnet50-all-44"])
    assert row.seeds == (42, 44)


def test_a_run_twice_and_no_run_are_errors(runs: Path, tmp_path: Path):
    make_run(tmp_path / "more", "resnet50", "all", 42, 0.9)
    with pytest.raises(RunError, match="there is another run of resnet50, bands all, seed 42"):
        read_rows([runs, tmp_path / "more"])
    with pytest.raises(RunError, match="no tested run in"):
        read_rows([runs / "resnet50-all-45"])


def test_segmentation_models_are_not_part_of_table_1(tmp_path: Path):
    for name, task in (("labels", "classification"), ("maps", "segmentation")):
        folder = tmp_path / name
        folder.mkdir()
        recipe = {"model": "resnet50", "bands": "all", "seed": 1, "task": task}
        (folder / "recipe.json").write_text(json.dumps(recipe))
        scores = {"mean_iou": 0.5} if task == "segmentation" else dict.fromkeys(METRIC_NAMES, 0.5)
        (folder / "test.json").write_text(json.dumps(scores))
    (row,) = read_rows([tmp_path])
    assert row.scores["ap_macro"] == (50.0, None)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("recipe.json", "[]", "holds list"),
        ("recipe.json", "{}", "lacks model, bands, seed"),
        ("test.json", '{"ap', "cannot be read"),
        ("test.json", '{"ap_macro": 1}', "lacks ap_micro"),
    ],
)
def test_damaged_files_are_named(name: str, text: str, complaint: str, runs: Path):
    (runs / "resnet50-s1-42" / name).write_text(text)
    with pytest.raises(RunError, match=f"resnet50-s1-42/{name}: {complaint}"):
        read_rows([runs])
