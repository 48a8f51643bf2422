"""`reben split` and `reben verify`, as a user runs them."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reben.io.dataset.metadata import read_metadata
from stand_ins.command import run_reben


def test_split_shows_the_papers_frames(tmp_path: Path):
    result = run_reben("split", "--json", tmp_path / "split.json")
    assert "16,079.8 m" in result.stdout
    assert "11,370.2 m" in result.stdout
    found = json.loads((tmp_path / "split.json").read_text())
    assert sum(found["counts"].values()) == 91 * 91
    assert found["splits"][0][45] == "train"
    assert found["splits"][20][45] == "validation"
    assert found["splits"][45][45] == "test"


def test_split_of_another_grid_on_standard_output():
    options = ["--tile-side", "100000", "--patch-size", "2500", "--p", "0.1", "--q", "0.2", "--json", "-"]
    found = json.loads(run_reben("split", *options).stdout)
    assert found["patches_per_side"] == 40


def test_verify_says_how_much_was_checked_and_where_it_differs(shared_data: Path, tmp_path: Path):
    good = shared_data / "patches" / "metadata.parquet"
    result = run_reben("verify", "--published", good)
    assert "9 checked,       0 differ: the split" in result.stdout

    table = read_metadata(good)
    bad = tmp_path / "bad.parquet"
    pq.write_table(table.set_column(2, "split", [["test"] * table.num_rows]), bad)
    result = run_reben("verify", "--published", bad, "--json", tmp_path / "found.json", code=1)
    assert "expected validation" in result.stdout
    assert json.loads((tmp_path / "found.json").read_text())["differences"] == 6


@pytest.mark.parametrize("options", [["split", "--p", "0.7", "--q", "0.5"], ["split", "--patch-size", "200000"]])
def test_impossible_splits_are_errors(options: list[str]):
    assert "error: " in run_reben(*options, code=1).stderr
