"""What an encoder needs to know of a data set: which folders or files are samples, and which become which tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from reben.encode.layout import Sample, SampleLayout
from reben.io.archives.place import Archive, archive_at
from reben.io.store import TensorSpec

__all__ = ["DatasetSpecification", "Part", "RasterFile", "Sample", "SampleLayout", "Source", "raster", "stack"]


@dataclass(frozen=True, slots=True)
class RasterFile:
    """A raster file of a sample, and the tensors that its bands become."""

    suffix: str
    """What follows the sample's stem in the path, such as `_B02.tif`."""
    tensors: tuple[TensorSpec, ...]
    """One per band, in the order of the file."""
    tolerance_px: int = 0
    """How many rows or columns a file may have more or fewer: some data sets were published so."""
    is_backscatter: bool = False
    """Whether its values must be Sentinel-1's backscatter in dB."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of sample of a data set, under a root of its own."""

    name: str
    """Plural, for progress and reports, such as `Sentinel-2 patches`."""
    option: str
    """Name of the command-line option that gives its root, without dashes at its beginning."""
    folder: str
    """Name of the published folder, for hints; empty if it has none of its own."""
    files: tuple[RasterFile, ...]
    layout: SampleLayout = field(repr=False)
    example: str
    """Path of one file under the root, for hints."""

    @property
    def has_fixed_size(self) -> bool:
        """Whether all values have the same size."""
        return not any(file.tolerance_px for file in self.files)


@dataclass(frozen=True, slots=True)
class DatasetSpecification:
    """A data set that can be encoded."""

    name: str
    """As the command line has it."""
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a data set, and the folder or archive in which it lies."""

    part: Part
    root: Path | Archive


def source_at(part: Part, given: Path | str) -> Source:
    """A part in whatever lies at a path or address: a folder, or an archive.

    Raises:
        ArchiveError, DownloadError: if an address cannot be used, or is not called like an archive.
    """
    archive = archive_at(given)
    return Source(part, Path(given) if archive is None else archive)


def raster(
    suffix: str, name: str, side_px: int, dtype: str, *, tolerance_px: int = 0, is_backscatter: bool = False
) -> RasterFile:
    """A file that holds one square band."""
    file = stack(suffix, (name,), side_px, dtype, tolerance_px=tolerance_px)
    return replace(file, is_backscatter=is_backscatter)


def stack(suffix: str, names: Sequence[str], side_px: int, dtype: str, *, tolerance_px: int = 0) -> RasterFile:
    """A file that holds several square bands of one size."""
    kind = np.dtype(dtype).newbyteorder("<")
    return RasterFile(suffix, tuple(TensorSpec(name, (side_px, side_px), kind) for name in names), tolerance_px)
