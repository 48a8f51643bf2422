"""The folder of what was fetched and can be fetched again."""

import os
from pathlib import Path

VARIABLE = "REBEN_CACHE"


def cache_folder(*below: str) -> Path:
    """A folder of the cache: in `REBEN_CACHE`, else in `XDG_CACHE_HOME`, else in `~/.cache`; it may not exist yet.

    Args:
        below: names of the folders below the cache's own.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().joinpath(*below)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().joinpath("reben", *below)
