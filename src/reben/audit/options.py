"""Options of an audit."""

from typing import Annotated

from pydantic import Field

from reben.work.options import Options, Positive


class AuditOptions(Options):
    """How a copy is audited."""

    bands: str | None = None
    """Bands of the copy's images in the order of channels, if the copy does not name them: B02,B03,B04 or s2."""
    patches: Positive = 100
    """Most patches whose pixels are looked at; ids, labels and splits are looked at of all."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Random seed of the choice of patches."""
