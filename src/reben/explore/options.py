"""Options of the explorer."""

from typing import Annotated

from pydantic import Field

from reben.work.options import Location, OnCommandLine, Options

_MODEL = OnCommandLine(panel="What a model says")
_MAP = OnCommandLine(panel="The map")
PORT = 8017


class ExploreOptions(Options):
    """What is shown beside the data, and where."""

    predictions: Annotated[Location | None, OnCommandLine(panel=_MODEL.panel, exists=True)] = None
    """Probabilities that `reben predict` wrote (.parquet), for errors and probabilities per class."""
    embeddings: Annotated[Location | None, OnCommandLine(panel=_MODEL.panel, exists=True)] = None
    """Table that `reben embed` wrote, for a scatter and for patches that look alike."""
    base_map: Annotated[
        str,
        _MAP,
        Field(pattern=r"^(https?://[^\s;,'\"]+\{z\}[^\s;,'\"]*)?$", examples=["https://tiles.example/{z}/{x}/{y}.png"]),
    ] = ""
    """Address of tiles to draw below the patches, with {z}, {x} and {y}; by default no other server is asked."""
    base_map_credit: Annotated[str, _MAP] = ""
    """Whom the base map is owed to, as its licence asks."""
    port: Annotated[int, Field(ge=0, le=65_535)] = PORT
    """Port of the server on this machine; 0 takes a free one."""
