"""Training by two processes (gloo, on the CPU) gives what one process gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file

from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben

# Plain gradient descent: AdamW blows the rounding of a tiny gradient up to a whole step.
SCRIPT = """
import sys
from pathlib import Path
import torch
from reben.learn.inference.evaluation import evaluate_test_split
from reben.learn.training.hardware import Hardware
from reben.learn.training.recipe import make_recipe
from reben.learn.training.loop import train

torch.optim.AdamW = lambda parameters, lr, weight_decay: torch.optim.SGD(parameters, lr, weight_decay=weight_decay)
store, metadata, output, devices, parts, task = sys.argv[1:]
model = {"classification": "test_convnext", "segmentation": "test_resnet"}[task]
recipe = make_recipe(
    model=model, task=task, epochs=2, batch_size=8, warmup_steps=0, dropout=0, drop_path=0, learning_rate=0.1,
    accumulate=int(parts), snow_and_cloud=True,
)
options = {"store": Path(store), "metadata": [Path(metadata)]}
train(recipe, output=Path(output), hardware=Hardware(accelerator="cpu", devices=int(devices)), **options)
evaluate_test_split(Path(output), **options)
"""


@pytest.fixture
def run(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    rows = read_metadata([tiny_dataset.metadata])
    first = rows["split"].to_pylist().index("train")
    table = tmp_path / "odd.parquet"
    write_metadata(table, pa.concat_tables([rows[:first], rows[first + 1 :]]))  # 13 training patches, 5 to validate
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)

    def run(name: str, *, devices: int, parts: int = 1, task: str = "classification") -> Path:
        output = tmp_path / name
        command = [
            sys.executable,
            str(script),
            str(tiny_store),
            str(table),
            str(output),
            str(devices),
            str(parts),
            task,
        ]
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "MASTER_ADDR": "127.0.0.1"},
        )
        assert result.returncode == 0, result.stderr
        return output

    return run


def epochs(folder: Path) -> list[list[float]]:
    """Losses and metrics of each epoch."""
    lines = (folder / "metrics.csv").read_text().splitlines()[1:]
    return [[float(cell) for cell in line.split(",")[:-3]] for line in lines]


@pytest.mark.slow
def test_two_processes_learn_and_score_what_one_does(run):
    one, two = run("one", devices=1), run("two", devices=2)
    a, b = (load_file(folder / "model.safetensors") for folder in (one, two))
    for name, tensor in a.items():
        torch.testing.assert_close(tensor, b[name], rtol=1e-4, atol=1e-5)
    for mine, other in zip(epochs(one), epochs(two), strict=True):
        assert mine == pytest.approx(other, rel=1e-4, abs=1e-5)
    # 4 test patches: two each; every score is that of one process
    test_one, test_two = (json.loads((folder / "test.json").read_text()) for folder in (one, two))
    for name in ("ap_macro", "ap_micro", "f1_macro", "f1_micro"):
        assert test_one[name] == pytest.approx(test_two[name], abs=1e-4)
    assert test_one["patches"] == test_two["patches"]
    assert not (two / "checkpoints").exists()
    assert len(json.loads((two / "environment.json").read_text())) == 1


@pytest.mark.slow
def test_two_processes_learn_to_segment(run):
    folder = run("two", devices=2, task="segmentation")
    scores = json.loads((folder / "test.json").read_text())
    confusion = torch.tensor(scores["confusion"])
    assert scores["patches"] == 4
    assert 3 * 120 * 120 < confusion.sum() <= 4 * 120 * 120
    assert len(epochs(folder)) == 2


@pytest.mark.slow
def test_the_command_line_starts_its_processes(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    command = [
        sys.executable, "-m", "reben", "train", "--store", tiny_store, "--metadata", tiny_dataset.metadata,
        "--output", tmp_path / "run", "--model", "test_resnet", "--epochs", 1, "--batch-size", 4,
        "--accelerator", "cpu", "--devices", 2,
    ]  # fmt: skip
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("best epoch 0") == 1  # one process talks
    assert "test split, 4 patches" in result.stdout
    refused = run_reben(*command[3:-1], 3, code=1)
    assert "multiple of 3" in refused.stderr
