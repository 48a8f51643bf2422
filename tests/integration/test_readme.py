"""What the README shows must work as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

from reben.io.dataset_paths import DatasetPaths

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_runs(real_store: Path, real_patches: DatasetPaths, tmp_path: Path):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "reben.store").symlink_to(real_store)
    (tmp_path / "metadata.parquet").symlink_to(real_patches.metadata)
    code += 'print(bands["B01"].shape, next(iter(batches))["image"].shape)\n'
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == "(20, 20) torch.Size([3, 10, 120, 120])\n"


def test_every_option_in_the_commands_exists():
    commands = re.findall(r"^reben (.*(?:\\\n.*)*)", README.read_text(), re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        words = command.replace("\\\n", " ").split()
        name = [word for word in words[:2] if not word.startswith("-")]
        usage = subprocess.run(
            [sys.executable, "-m", "reben", *name, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in usage


def test_no_figure_is_left_open():
    assert not re.findall(r"@\w+@|TODO|XXX", README.read_text())
