"""Install a wheel in an empty environment, as a user would, and use it there.

python tools/try_wheel.py WHEEL           base install: a small data set is generated, encoded and checked
python tools/try_wheel.py WHEEL --demo    with the extras `learn` and `report` (PyTorch), and `reben demo`

The environment is of the Python that runs this, in a temporary folder, and is removed at the end. Only the standard
library is imported, so that any Python will do.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

MOST_MB = 600
"""Of the base install on the disk, without pip: pyarrow has 170 MB; rasterio and pyogrio, each with a GDAL, 220 MB."""
_GENERATE = """
import importlib.util, pathlib, reben
assert importlib.util.find_spec("torch") is None, "the base install has torch"
assert reben.open_store and reben.find_data
from reben.demo.dataset import write_dataset
write_dataset(pathlib.Path("generated"), step=20)
"""
_EVERY_HELP = """
from typer.testing import CliRunner
from reben.cli.main import app
from reben.cli.table import PANELS
for name in [entry.name for entries in PANELS.values() for entry in entries]:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, (name, shown.output, shown.exception)
"""
"""Commands are imported when they are called: the base install must be enough for the help of each."""


def main() -> None:
    """Try the wheel of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--demo", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _try(given.wheel.resolve(), Path(folder), with_demo=given.demo)


def _try(wheel: Path, folder: Path, *, with_demo: bool) -> None:
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    run = _Runner(environment / "bin", folder)
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    size_mb = _size_mb(environment / "lib")
    print(f"Python {sys.version.split()[0]}: the base install has {size_mb:.0f} MB")
    if size_mb > MOST_MB:
        raise SystemExit(f"error: that is more than {MOST_MB} MB")
    run("reben", "--help")
    run("python", "-c", _EVERY_HELP)
    run("python", "-c", _GENERATE)
    run("reben", "encode", "bigearthnet", "--s2-dir", "generated/BigEarthNet-S2", "--output", "generated.store")
    run("reben", "store", "check", "generated.store")
    run("reben", "metadata", "generated/metadata.parquet", "--geometry", "--output", "generated.parquet")
    if with_demo:
        run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[learn,report]")
        run("reben", "demo")


class _Runner:
    """Runs the programs of an environment, away from the checkout and its settings."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def __call__(self, program: str, *arguments: str) -> None:
        """Run a program; what goes wrong ends everything."""
        print(">", program, *(argument.strip().partition("\n")[0] for argument in arguments), flush=True)
        subprocess.run([self._programs / program, *arguments], cwd=self._folder, env=self._settings, check=True)  # noqa: S603


def _size_mb(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and "/pip/" not in path.as_posix())
    return sum(path.stat().st_size for path in files) / 1e6


if __name__ == "__main__":
    main()
