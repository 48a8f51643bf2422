"""What an encoder needs to know of a data set: which folders are samples, and which files become which tensors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reben.io.store import TensorSpec


@dataclass(frozen=True, slots=True)
class TensorFile:
    """A one-band file of a sample, and the tensor that it becomes."""

    suffix: str
    """What follows the sample's name in the file name, such as `_B02.tif`."""
    tensor: TensorSpec


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of the store to be: its key and where its files lie."""

    key: str
    stem: str
    """Path of the sample's files without `TensorFile.suffix`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of sample of a data set, under a root of its own."""

    name: str
    """Plural, for progress and reports, such as `Sentinel-2 patches`."""
    folder: str
    """Name of the published folder, for hints."""
    files: tuple[TensorFile, ...]
    find: Callable[[Path], Iterator[Sample]]
    """All samples under a root, in any order."""
    example: str
    """Path of one file under the root, for hints."""


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a data set and the directory in which it lies."""

    part: Part
    root: Path


def raster(suffix: str, name: str, side_px: int, dtype: str) -> TensorFile:
    """A file that holds one square band."""
    return TensorFile(suffix, TensorSpec(name, (side_px, side_px), np.dtype(dtype).newbyteorder("<")))
