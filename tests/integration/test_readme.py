"""What the README shows must work as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.io.dataset.paths import DatasetPaths
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from stand_ins.command import run_reben

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_runs(real_store: Path, real_patches: DatasetPaths, tmp_path: Path):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "reben.store").symlink_to(real_store)
    (tmp_path / "metadata.parquet").symlink_to(real_patches.metadata)
    architecture = Architecture("test_resnet", 12, 19, 120, 0.0, 0.0)
    bands = BAND_SETS["all"]
    model = TrainedModel(build_model(architecture), architecture, bands, PUBLISHED_STATISTICS, CLC2018.class_names)
    save_model(tmp_path / "runs" / "resnet50-all", model)
    code += 'print(bands["B01"].shape, next(iter(batches))["image"].shape, model.bands[0])\n'
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == "(20, 20) torch.Size([3, 10, 120, 120]) VV\n"


def test_its_two_commands_are_those_of_the_makefile():
    text, makefile = README.read_text(), (README.parent / "Makefile").read_text()
    for name in ("demo", "test"):
        assert re.search(rf"^make {name} +#", text, re.MULTILINE)
        assert re.search(rf"^{name}\b.*:", makefile, re.MULTILINE)


def test_every_option_in_the_commands_exists():
    commands = re.findall(r"^reben (.*(?:\\\n.*)*)", README.read_text(), re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        words = command.replace("\\\n", " ").split()
        name = [word for word in words[:2] if not word.startswith("-")]
        usage = run_reben(*name, "--help", COLUMNS="200").stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in usage


def test_no_figure_is_left_open():
    assert not re.findall(r"@\w+@|TODO|XXX", README.read_text())


def test_what_it_links_to_and_shows_is_there():
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", README.read_text())
    inside = [target for target in targets if "://" not in target]
    assert "docs/explorer.webp" in inside
    for target in inside:
        assert (README.parent / target).exists(), target
