"""Augmentations of the user's own, named by where they can be imported from."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reben.core.errors import RecipeError

Augmentation = Callable[[dict[str, Any]], dict[str, Any]]
"""From a sample (`image`, `label`, ...) to the sample that the model sees instead."""

_HINT = "give package.module:name or path/to/file.py:name; the name is a function, or an object that can be called"


def load_augmentation(path: str) -> Augmentation:
    """The callable that an import path names.

    Args:
        path: `package.module:name`, or `path/to/file.py:name`.

    Raises:
        RecipeError: if there is no such module or name, importing it fails, or it cannot be called.
    """
    module_name, _, name = path.rpartition(":")
    if not module_name or not name:
        raise RecipeError(f"augmentation {path!r} does not name a callable", hint=_HINT)
    try:
        module = _file_module(Path(module_name)) if module_name.endswith(".py") else _module(module_name)
        found = getattr(module, name)
    except RecipeError:
        raise
    except Exception as error:  # whatever the user's own code raises when it is imported
        raise RecipeError(f"augmentation {path!r} cannot be imported ({error!r})", hint=_HINT) from error
    if not callable(found):
        raise RecipeError(f"augmentation {path!r} is a {type(found).__name__}, which cannot be called", hint=_HINT)
    augmentation: Augmentation = found
    return augmentation


def _module(name: str) -> Any:  # noqa: ANN401 - a module, with whatever it holds
    """An installed module, or one in the current folder, as with `python -m`."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    return importlib.import_module(name)


def _file_module(path: Path) -> Any:  # noqa: ANN401 - as above
    """A module from a file.

    Raises:
        RecipeError: if there is no such file.
    """
    if not path.is_file():
        raise RecipeError(f"{path} does not exist", hint=_HINT)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"{path} is not a Python file", hint=_HINT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
