"""The explorer of whole data sets through the command line; what browsers do with it is in `test_explorer_page.py`."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

from reben.explore.explored import open_explored
from reben.explore.options import ExploreOptions
from reben.explore.stage import prepare, served
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from stand_ins.command import run_reben
from stand_ins.data_folders import make_data_folder
from stand_ins.generated_stores import write_generated_store
from stand_ins.range_server import running_range_server


@pytest.fixture
def data(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path) -> Path:
    return make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)


def said_of(site: Path) -> dict[str, object]:
    return json.loads(pq.read_schema(site / "index.parquet").metadata[b"reben_explore"])


def test_a_data_folder_as_a_folder_for_web_spaces(data: Path, tmp_path: Path):
    site = tmp_path / "site"
    said = run_reben("explore", data, "--export", site).stdout
    assert str(site) in said
    for name in ("index.html", "explorer.js", "style.css", "values-0000.bin"):
        assert (site / name).stat().st_size > 1_000
    rings = json.loads((site / "outlines.json").read_text())
    assert len(rings) > 100
    assert said_of(site)["title"] == "data"
    assert "exists already" in run_reben("explore", data, "--export", site, code=1).stderr


def test_a_store_without_tables(tmp_path: Path):
    write_generated_store(tmp_path / "lonely", 5)
    run_reben("explore", tmp_path / "lonely", "--export", tmp_path / "site")
    said = said_of(tmp_path / "site")
    assert said["count"] == 5
    assert said["classes"] == []
    assert [facet["key"] for facet in said["facets"]] == ["season", "tile", "date"]
    assert (tmp_path / "site" / "values-0000.bin").stat().st_size > 5_000


def test_tables_can_be_named(tiny_store: Path, tiny_dataset: DatasetPaths):
    explored = open_explored(str(tiny_store), tiny_dataset.tables)
    assert explored.rows.num_rows * 3 == len(open_store(tiny_store))


def test_what_is_missing_is_said(data: Path, tmp_path: Path):
    said = run_reben("explore", tmp_path / "nothing", "--export", tmp_path / "site", code=1).stderr
    assert "does not exist" in said
    (tmp_path / "wrong.parquet").write_text("no table")
    options = ("--predictions", tmp_path / "wrong.parquet", "--export", tmp_path / "site")
    wrong = run_reben("explore", data, *options, code=1)
    assert "cannot be read as a Parquet table" in wrong.stderr
    assert not (tmp_path / "site").exists()


def test_files_of_the_server_go_with_it(data: Path):
    prepared = prepare(open_explored(str(data)), ExploreOptions())
    with served(prepared) as given:
        assert said_of(given.files)["values"] == "server"
        assert (given.page / "index.html").is_file()
    assert not given.files.exists()


def test_a_store_at_an_address(tmp_path: Path):
    write_generated_store(tmp_path / "far" / "store", 6)
    with running_range_server(tmp_path / "far") as server:
        run_reben("explore", server.url("store"), "--export", tmp_path / "site", REBEN_CACHE=str(tmp_path / "cache"))
    run_reben("explore", tmp_path / "far" / "store", "--export", tmp_path / "near")
    for name in ("values-0000.bin", "outlines.json"):
        assert (tmp_path / "site" / name).read_bytes() == (tmp_path / "near" / name).read_bytes()
    assert said_of(tmp_path / "site") == said_of(tmp_path / "near")


@pytest.mark.slow
def test_the_command_serves_until_ctrl_c(data: Path):
    command = [sys.executable, "-m", "reben", "explore", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        said = running.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)[0]
        with urlopen(address) as answer:  # noqa: S310 - our own address
            assert b"reben explorer" in answer.read()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0
    assert errors == ""
