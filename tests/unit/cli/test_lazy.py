"""The list of commands, which imports none of them, and what is imported when one is called."""

import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from reben.cli.lazy import imported
from reben.cli.main import app
from reben.cli.table import GROUPS, PANELS

ENTRIES = {entry.name: entry for entries in PANELS.values() for entry in entries}
HEAVY = (
    "torch", "pyproj", "shapely", "pyarrow", "rasterio", "pyogrio", "pydantic", "numpy", "lmdb", "httpx2", "yaml",
    "safetensors", "matplotlib", "lightning", "timm", "numba",
)  # fmt: skip
"""What takes time to import and says nothing about which commands there are."""


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_list_of_commands_imports_nothing_heavy(argument: str):
    script = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr))\n"
        "from reben.__main__ import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, argument], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stderr
    assert "reben" in done.stdout


@pytest.mark.parametrize("name", ENTRIES)
def test_the_list_says_what_each_command_says_of_itself(name: str):
    command = imported(name)
    assert command.name == name
    assert (command.help or "").split("\n\n")[0] == ENTRIES[name].line
    assert isinstance(command, TyperGroup) == (name in GROUPS)


def test_every_command_is_listed_in_its_panel():
    shown = CliRunner().invoke(app, ["--help"]).output
    for panel, entries in PANELS.items():
        assert f" {panel} " in shown
        assert all(f"\u2502 {entry.name} " in shown for entry in entries)


def test_a_command_that_is_mistyped_is_suggested():
    done = CliRunner().invoke(app, ["trian"])
    assert done.exit_code == 2
    assert "Did you mean 'train'" in " ".join(done.output.split())


def test_names_that_options_had_before_stay_known():
    done = CliRunner().invoke(app, ["export", "--onnx", "model.bin", "--checkpoint", "."])
    assert "--output is model.bin" in done.output  # which is the name of today
