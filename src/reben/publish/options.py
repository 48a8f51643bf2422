"""Options of publications."""

from typing import Annotated, Literal

from pydantic import Field

from reben.work.options import Options


class PublishOptions(Options):
    """How a run is published."""

    dry_run: bool = False
    """Write the files and push nothing."""
    private: bool = False
    """Let only the owner see the repository."""
    update: bool = False
    """Allow a repository that holds a model already."""
    license: str = "apache-2.0"
    """Licence of the weights, as the hub calls it."""
    dataset: str | None = None
    """Name of the data set, for the card."""


DataForm = Literal["store", "parquet", "both"]


class PublishDataOptions(Options):
    """How a data set is published."""

    dry_run: bool = False
    """Write the files, show them and the card, and upload nothing."""
    private: bool = False
    """Let only the owner see the repository."""
    update: bool = False
    """Allow a repository that holds a data set already."""
    form: DataForm = "store"
    """What goes up: the store, Parquet files with pictures for the hub's viewer, or both."""
    shard_gb: Annotated[float, Field(gt=0, le=50)] = 5.0
    """Most gigabytes (10^9 bytes) of one file of the store; a larger one is split into shards."""
