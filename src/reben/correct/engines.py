"""The engines that correct, by name: ours, and those of other packages in the entry point group `reben.engines`.

An entry names a function that takes `CorrectOptions` and a function to call with lines that people should read, and
returns an `Engine`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from reben.core.errors import CorrectionError
from reben.core.registry import Registry

if TYPE_CHECKING:
    from reben.correct.correction import Engine
    from reben.correct.options import CorrectOptions

ENGINES: "Registry[Callable[[CorrectOptions, Callable[[str], None]], Engine]]" = Registry(
    "reben.engines",
    {
        "sen2cor": "reben.correct.sen2cor.engine:engine_of",
        "6s": "reben.correct.sixs.engine:engine_of",
    },
)
"""What makes each engine; it is imported when it is chosen."""


def expect_engine(name: str) -> str:
    """Return the name of an engine.

    Raises:
        ValueError: if there is none of this name.
    """
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; expected one of {', '.join(ENGINES)}")
    return name


def engine_of(options: "CorrectOptions", tell: Callable[[str], None] = lambda _: None) -> "Engine":
    """Return the engine that options ask for.

    Args:
        options: name and settings.
        tell: called with each warning.

    Raises:
        CorrectionError: if what it needs is not there.
        PluginError: if it belongs to another package and cannot be loaded.
    """
    try:
        make = ENGINES[options.engine]
    except ImportError as error:
        raise CorrectionError(
            f"the engine {options.engine} cannot be loaded ({error})",
            hint="install what it needs, or choose another one",
        ) from error
    return make(options, tell)
