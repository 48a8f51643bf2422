"""All ways to install reben say the same of versions, requirements and extras: what pyproject.toml says."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from reben.doctor.extras import PURPOSES
from reben.version import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
PYTHONS = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
RECIPE = ROOT / "packaging" / "conda" / "recipe.yaml"
CONTAINERS = (ROOT / "packaging" / "docker" / "Dockerfile", ROOT / "packaging" / "apptainer" / "reben.def")
ON_CONDA = {"lmdb": "python-lmdb"}
"""Packages that conda-forge calls otherwise."""


def as_conda_names(requirement: Requirement) -> str:
    return f"{ON_CONDA.get(requirement.name, requirement.name)} {requirement.specifier}"


def test_the_conda_recipe_needs_what_the_package_needs():
    recipe = yaml.safe_load(RECIPE.read_text())
    assert recipe["context"]["version"] == __version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
    assert f">={recipe['context']['python_min']}" == PROJECT["requires-python"]
    base = [as_conda_names(Requirement(text)) for text in PROJECT["dependencies"]]
    assert recipe["requirements"]["run"] == ["python >=${{ python_min }}", *base]
    assert recipe["build"]["python"]["entry_points"] == [f"reben = {PROJECT['scripts']['reben']}"]
    assert recipe["about"]["summary"] == PROJECT["description"]
    assert recipe["about"]["license"] == PROJECT["license"]


def test_the_conda_recipe_can_be_rendered():
    rattler_build = pytest.importorskip("rattler_build", reason="needs py-rattler-build")
    (made,) = rattler_build.Stage0Recipe.from_file(RECIPE).render(rattler_build.VariantConfig())
    rendered = made.recipe.to_dict()
    assert rendered["package"] == {"name": "reben", "version": __version__}
    assert rendered["requirements"]["host"][0] == "python 3.11.*"


@pytest.mark.parametrize("file", CONTAINERS, ids=lambda file: file.name)
def test_containers_take_extras_and_pythons_that_there_are(file: Path):
    text = file.read_text()
    named = re.findall(r"EXTRAS=([a-z,]+)", text)
    assert named
    assert {extra for names in named for extra in names.split(",")} <= EXTRAS
    assert set(re.findall(r"PYTHON=([\d.]+)", text)) <= set(PYTHONS)
    assert all(
        (ROOT / name).exists() for name in re.findall(r"^COPY ([^-\n]+) \S+$", text, re.MULTILINE) if " " not in name
    )


def test_releases_are_tried_on_every_python_before_they_are_published():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    assert jobs["try"]["strategy"]["matrix"]["python"] == PYTHONS
    assert jobs["publish"]["needs"] == "try"
    assert jobs["try"]["needs"] == "build"
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_workflows_hold_no_secrets_and_run_what_there_is(name: str):
    text = (ROOT / ".github" / "workflows" / name).read_text()
    assert "secrets." not in text
    assert all(re.fullmatch(r"\S+@(release/)?v\d+", action) for action in re.findall(r"uses: (\S+)", text))
    scripts = re.findall(r"(?<=run: )\.ci/\S+|tools/\S+\.py", text)
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)


def test_the_page_tells_every_extra_and_every_way():
    text = (ROOT / "docs" / "install.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert rows.keys() == EXTRAS
    assert {name: words for name, words in rows.items() if name != "dev"} == dict(PURPOSES)
    assert {extra for names in re.findall(r"\.\[([a-z,]+)\]", text) for extra in names.split(",")} <= EXTRAS
    assert all((ROOT / path).exists() for path in re.findall(r"packaging/[\w./]+\w", text))
