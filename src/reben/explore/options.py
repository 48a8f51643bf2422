"""Options of the explorer."""

from typing import Annotated

from pydantic import Field

from reben.work.options import Location, OnCommandLine, Options

_MODEL = OnCommandLine(panel="What a model says")
PORT = 8017


class ExploreOptions(Options):
    """What is shown beside the data, and where."""

    predictions: Annotated[Location | None, OnCommandLine(panel=_MODEL.panel, exists=True)] = None
    """Probabilities that `reben predict` wrote (.parquet), for errors and probabilities per class."""
    embeddings: Annotated[Location | None, OnCommandLine(panel=_MODEL.panel, exists=True)] = None
    """Table that `reben embed` wrote, for a scatter and for patches that look alike."""
    port: Annotated[int, Field(ge=0, le=65_535)] = PORT
    """Port of the server on this machine; 0 takes a free one."""
