"""On what a run is computed; none of it is part of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from reben.work.options import LoadingThreads, Location, OnCommandLine, Options

_HARDWARE = OnCommandLine(panel="Hardware")


class HardwareOptions(Options):
    """What computes a run: batches are those of the whole run, whatever it is."""

    accelerator: Annotated[Literal["auto", "cpu", "gpu"], _HARDWARE] = "auto"
    """Device to train on."""
    devices: Annotated[int, Field(ge=1), _HARDWARE] = 1
    """GPUs per machine; processes with --accelerator cpu."""
    nodes: Annotated[int, Field(ge=1), _HARDWARE] = 1
    """Number of machines."""


class TrainOptions(HardwareOptions):
    """What a training takes beside its recipe."""

    patches: Annotated[Location | None, OnCommandLine(panel="Data", exists=True)] = None
    """List of patches, one id a line, as `reben explore` exports it; all others are left out."""
    workers: Annotated[LoadingThreads, _HARDWARE] = None
