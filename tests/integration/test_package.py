"""The wheel and the source archive: what is in them, what they say of themselves, and that a wheel alone is enough."""

import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reben.version import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, made of the source archive, and that archive."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def files_below(folder: Path) -> set[str]:
    """Paths of all files that no tool made, from the folder above: what git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder.name]
    listed = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout, so that nobody knows which files belong to it")
    return {name for name in listed.stdout.split("\0") if name and (folder.parent / name).is_file()}


def test_the_wheel_has_every_file_of_the_package(built: tuple[Path, Path]):
    names = {name for name in ZipFile(built[0]).namelist() if ".dist-info/" not in name}
    assert names == files_below(ROOT / "src" / "reben")
    assert {"reben/py.typed", "reben/explore/page/index.html", "reben/tile/sentinel1/grd/egm96.tif"} <= names


def test_the_source_archive_has_what_tests_and_documents_need(built: tuple[Path, Path]):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("src", "tests", "docs", "benchmarks", "tools", "packaging"):
        assert files_below(ROOT / folder) <= names, folder
    assert {"pyproject.toml", "constraints.txt", "Makefile", "web/package-lock.json", "LICENSE"} <= names


def test_the_metadata_are_complete(built: tuple[Path, Path]):
    with ZipFile(built[0]) as wheel:
        folder = f"reben-{__version__}.dist-info"
        said = Metadata.from_email(wheel.read(f"{folder}/METADATA"))
        assert wheel.read(f"{folder}/entry_points.txt").decode().split() == [
            "[console_scripts]", "reben", "=", "reben.__main__:main"
        ]  # fmt: skip
        assert wheel.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert (said.name, str(said.version), said.license_expression) == ("reben", __version__, "Apache-2.0")
    assert said.author and said.summary and said.keywords and said.project_urls  # noqa: PT018
    assert said.description == (ROOT / "README.md").read_text()
    base = {canonicalize_name(need.name) for need in said.requires_dist or () if "extra" not in str(need.marker)}
    assert base == {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert set(said.provides_extra or ()) == set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("command", [["twine", "check", "--strict"], ["check_wheel_contents"]])
def test_checkers_have_nothing_to_say(built: tuple[Path, Path], command: list[str]):
    pytest.importorskip(command[0])
    files = built[:1] if command[0] == "check_wheel_contents" else built
    done = subprocess.run([sys.executable, "-m", *command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.network
def test_a_wheel_is_enough(built: tuple[Path, Path], tmp_path: Path):
    """Some 160 MB are fetched from the package index; without it there is nothing to try."""
    reach = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", tmp_path, "idna"]
    if subprocess.run(reach, capture_output=True, check=False).returncode:
        pytest.skip("the package index cannot be reached")
    trial = [sys.executable, ROOT / "tools" / "try_wheel.py", built[0]]
    done = subprocess.run(trial, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 damaged" in done.stdout
    assert "> reben metadata" in done.stdout
