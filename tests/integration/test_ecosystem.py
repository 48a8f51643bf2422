"""The examples of docs/ecosystem.md with the real libraries, each in a process of its own, which are large."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben

PAGE = (Path(__file__).parents[2] / "docs" / "ecosystem.md").read_text()


def examples(title: str) -> str:
    """The Python code below a heading."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))


@pytest.fixture
def folder(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path) -> Path:
    """Where `my-data` is a data folder."""
    data = tmp_path / "my-data"
    data.mkdir()
    (data / "store").symlink_to(tiny_store)
    for table in tiny_dataset.tables:
        (data / table.name).symlink_to(table)
    return tmp_path


def run(code: str, folder: Path) -> str:
    """What code prints."""
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_duckdb_chooses_patches(folder: Path, tiny_dataset: DatasetPaths):
    pytest.importorskip("duckdb")
    shown = run(examples("DuckDB"), folder)
    rows = pq.read_table(tiny_dataset.metadata).to_pylist()
    chosen = [
        row["patch_id"] for row in rows if "Urban fabric" in row["labels"] and not row["contains_cloud_or_shadow"]
    ]
    assert sorted((folder / "chosen.txt").read_text().split()) == sorted(chosen)
    assert "Nowhere" in shown


def test_duckdb_reads_footprints(folder: Path):
    duckdb = pytest.importorskip("duckdb")
    reben("metadata", folder / "my-data", "--geometry", "--output", folder / "patches.parquet")
    query = "SELECT patch_id, labels, bbox.xmin AS west, geometry FROM read_parquet($1)"
    table = duckdb.sql(query, params=[str(folder / "patches.parquet")])
    assert [kind.id for kind in table.types] == ["varchar", "list", "double", "geometry"]
    assert -1 < table.fetchall()[0][2] < 1


def test_polars_counts_labels(folder: Path, tiny_dataset: DatasetPaths):
    pytest.importorskip("polars")
    code = examples("Polars") + "\nprint(table.explode('labels').select(pl.len()).collect().item())\n"
    labels = pq.read_table(tiny_dataset.metadata)["labels"].to_pylist()
    assert run(code, folder).split()[-1] == str(sum(map(len, labels)))


@pytest.mark.slow
def test_datasets_loads_what_is_published(folder: Path):
    pytest.importorskip("datasets")
    (command,) = re.findall(r"^reben (publish-data .*)$", PAGE, re.MULTILINE)
    words = [str(folder / word) if word in {"my-data", "published"} else word for word in command.split()]
    reben(*words)
    lines = run(examples("Hugging Face datasets"), folder).splitlines()
    assert lines[0].startswith("torch.Size([3, 120, 120]) ['")
    assert lines[1] == "(60, 60)"
    card = (folder / "published" / "README.md").read_text()
    (code,) = re.findall(r"```python\n(from datasets.*?)```", card, re.DOTALL)
    shown = run(
        code.replace("FOLDER", "published") + "\nprint(*patches, patches['test'][0]['longitude'].dtype)\n", folder
    )
    assert shown == "train validation test torch.float32\n"


@pytest.mark.slow
def test_torchgeo_trains(folder: Path):
    code = examples("torchgeo")
    small = {"batch_size=32": "batch_size=4", "num_workers=4": "num_workers=0", "max_epochs=1": "fast_dev_run=True"}
    for shown, used in small.items():
        assert shown in code
        code = code.replace(shown, used)
    run(code + "print('trained', task.global_step, data.batch_size)\n", folder)


def test_every_command_and_file_exists():
    docs = Path(__file__).parents[2] / "docs"
    assert all((docs / name).is_file() for name in re.findall(r"\]\(([^)#:]+)\)", PAGE))
    for words in re.findall(r"`reben (.*?)`", PAGE) + re.findall(r"^reben (.*)$", PAGE, re.MULTILINE):
        usage = reben(words.split()[0], "--help", COLUMNS="200", TERM="dumb").stdout
        assert all(word in usage for word in words.split() if word.startswith("--")), words
