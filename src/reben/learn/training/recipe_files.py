"""Recipes as YAML files: the settings of `Recipe` by name."""

from pathlib import Path
from typing import Any

from reben.core.errors import RecipeError
from reben.io.small_files import read_yaml
from reben.learn.training.recipe import RECIPES, Recipe, make_recipe


def compose_recipe(name: str = "paper", file: Path | None = None, **overrides: object) -> Recipe:
    """A named recipe, changed by a file, changed by single settings.

    Args:
        name: out of `RECIPES`.
        file: YAML file with settings; None for none.
        overrides: single settings; those that are None are left as they are.

    Raises:
        RecipeError: if the name or a setting is unknown, a value is out of range, or the file cannot be read.
        BandError: if a band is unknown.
    """
    if name not in RECIPES:
        raise RecipeError(f"there is no recipe {name!r}", hint=f"choose out of {', '.join(RECIPES)}, or give --config")
    given = {setting: value for setting, value in overrides.items() if value is not None}
    return make_recipe(**{**RECIPES[name], **(read_settings(file) if file is not None else {}), **given})


def read_settings(path: Path) -> dict[str, Any]:
    """Settings of a YAML file.

    Raises:
        RecipeError: if there is no such file, it is not YAML, or not a mapping of names to values.
    """
    values = read_yaml(path, error=RecipeError, hint="write lines such as epochs: 50")
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise RecipeError(f"{path}: must hold names with values", hint="write lines such as epochs: 50")
    return {name: _as_number(value) for name, value in values.items()}


def _as_number(value: object) -> object:
    """YAML 1.1 reads 1e-3, without a point, as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
