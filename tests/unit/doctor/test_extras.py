import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from reben.doctor.extras import BASE, PURPOSES, Package, extras_of

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_every_extra_of_the_project_has_a_purpose():
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert set(PURPOSES) == set(extras) - {"dev"}


def test_what_is_missing_or_too_old_is_named():
    numpy = metadata.version("numpy")
    found = {
        extra.name: extra
        for extra in extras_of(
            [
                "numpy>=1.0",
                "backport>=1; python_version < '3'",
                "nowhere-to-be-found>=2.6; extra == 'learn'",
                "numpy>=9999; extra == 'learn'",
                "pytest>=1; extra == 'hub'",
            ]
        )
    }
    assert set(found) == {BASE, "learn", "hub"}
    assert [package.name for package in found[BASE].packages] == ["numpy"]
    assert found[BASE].ready
    assert found["hub"].ready
    assert found["learn"].problems == ["nowhere-to-be-found is missing", f"numpy {numpy} is not >=9999"]


@pytest.mark.parametrize(("installed", "fits"), [("2.6", True), ("2.7rc1", True), ("2.5.9", False), (None, False)])
def test_versions(installed: str | None, fits: bool):
    assert Package("torch", ">=2.6", installed).fits is fits
