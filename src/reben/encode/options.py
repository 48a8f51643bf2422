"""Options of the encoder."""

from typing import Annotated

from pydantic import Field

from reben.work.options import OnError, Options, Positive


class EncodeOptions(Options):
    """How a GeoTIFF data set becomes a store."""

    shards: Annotated[Positive | None, Field(examples=[4])] = None
    """Write this many stores into a folder instead of one."""
    workers: Annotated[Positive | None, Field(examples=[2])] = None
    """Processes that read folders; by default one per processor."""
    scheduler: Annotated[str, Field(examples=["tcp://10.0.0.1:8786"])] = ""
    """Write the shards on a Dask cluster: address of its scheduler."""
    on_error: OnError = "stop"
    """stop at the first sample that cannot be read, or skip such samples and list them."""
