"""The engines that correct, by name: ours, and those of other packages in the entry point group `reben.engines`.

An entry names a function that takes `CorrectOptions` and a function to call with lines that people should read, and
returns an `Engine`.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from reben.core.errors import CorrectionError

if TYPE_CHECKING:
    from reben.correct.correction import Engine
    from reben.correct.options import CorrectOptions

GROUP = "reben.engines"
OWN_ENGINES = {
    "sen2cor": "reben.correct.sen2cor.engine:engine_of",
    "6s": "reben.correct.sixs.engine:engine_of",
}
"""Where the function of each of our engines is; it is imported when it is chosen."""


def engines() -> dict[str, EntryPoint]:
    """All engines that are installed, ours first; no other package can take the name of one of ours."""
    ours = {name: EntryPoint(name, place, GROUP) for name, place in OWN_ENGINES.items()}
    return ours | {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in ours}


def expect_engine(name: str) -> str:
    """Return the name of an engine.

    Raises:
        ValueError: if there is none of this name.
    """
    if name not in engines():
        raise ValueError(f"there is no engine {name!r}; expected one of {', '.join(engines())}")
    return name


def engine_of(options: "CorrectOptions", tell: Callable[[str], None] = lambda _: None) -> "Engine":
    """The engine that options ask for.

    Args:
        options: name and settings.
        tell: called with each warning.

    Raises:
        CorrectionError: if what it needs is not there.
    """
    entry = engines()[options.engine]
    try:
        function = entry.load()
    except (ImportError, AttributeError) as error:
        raise CorrectionError(
            f"the engine {entry.name} cannot be loaded ({error})", hint="install what it needs, or choose another one"
        ) from error
    engine: Engine = function(options, tell)
    return engine
