"""Make values of a store from the files of a sample."""

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.backscatter import implausibility
from reben.core.errors import EncodeError, RasterError
from reben.encode.specification import Part, RasterFile
from reben.io.store import TensorSpec, header
from reben.io.tiff.geotiff import pixels_of, read_pixels, read_stack, stack_of

Content = Mapping[str, bytes]
"""Files of a sample that are in memory, by their suffix."""


class ValueReader:
    """Reads the files of one sample and makes them a value.

    Args:
        part: what the files are.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        tensors = tuple(tensor for file in part.files for tensor in file.tensors)
        self._header, order = header(tensors)
        self._places = _places(len(self._header), tensors, order)
        self.most_bytes = len(self._header) + sum(tensor.nbytes for tensor in tensors)
        """Size of every value, or of the largest one that is accepted."""
        if not part.has_fixed_size:
            largest = tuple(_grown(tensor, file.tolerance_px) for file in part.files for tensor in file.tensors)
            self.most_bytes = len(header(largest)[0]) + sum(tensor.nbytes for tensor in largest)

    def files(self, stem: str) -> Iterator[Path]:
        """The files of the sample whose files begin with `stem`."""
        return (Path(stem + file.suffix) for file in self._part.files)

    def read_into(self, target: memoryview, stem: str, content: Content | None = None) -> int:
        """Write the value of the sample whose files begin with `stem` into `target`; how many bytes it has.

        Args:
            target: where to write.
            stem: path of the files without their suffixes.
            content: the files themselves, if they are not on the disk; `stem` then only names them.

        Raises:
            EncodeError: if a file is missing, has a wrong size, data type or number of bands, or holds no backscatter
                where it should.
            RasterError: if a file is damaged.
        """
        if not self._part.has_fixed_size:
            return self._read_any_size(target, stem, content)
        target[: len(self._header)] = self._header
        for file in self._part.files:
            for tensor, data in zip(file.tensors, self._bands(stem, file, content), strict=True):
                start, end = self._places[tensor.name]
                target[start:end] = data
        return self.most_bytes

    def _read_any_size(self, target: memoryview, stem: str, content: Content | None) -> int:
        arrays = {
            tensor.name: band
            for file in self._part.files
            for tensor, band in zip(file.tensors, self._stack(stem + file.suffix, file, content), strict=True)
        }
        tensors = tuple(TensorSpec(name, array.shape, array.dtype) for name, array in arrays.items())
        start, order = _cached_header(tensors)
        value = b"".join((start, *(arrays[name].tobytes() for name in order)))
        target[: len(value)] = value
        return len(value)

    def _bands(self, stem: str, file: RasterFile, content: Content | None) -> "list[memoryview]":
        """Bytes of each band of a file."""
        path = stem + file.suffix
        if len(file.tensors) > 1:
            return [memoryview(band.data).cast("B") for band in self._stack(path, file, content)]
        try:
            pixels = read_pixels(path) if content is None else pixels_of(self._member(path, file, content), path)
        except RasterError:
            self._expect_present(path, content)
            raise
        (tensor,) = file.tensors
        if pixels.shape != tensor.shape or pixels.dtype != tensor.dtype:
            raise self._unexpected(path, (1, *pixels.shape), pixels.dtype, file)
        if file.is_backscatter:
            _expect_backscatter(path, pixels.array())
        return [pixels.data]

    def _stack(self, path: str, file: RasterFile, content: Content | None) -> NDArray[Any]:
        """All bands of a file, shape (bands, rows, columns)."""
        try:
            stack = read_stack(path) if content is None else stack_of(self._member(path, file, content), path)
        except RasterError:
            self._expect_present(path, content)
            raise
        first = file.tensors[0]
        difference = np.abs(np.subtract(stack.shape[1:], first.shape)).max()
        if len(stack) != len(file.tensors) or stack.dtype != first.dtype or difference > file.tolerance_px:
            raise self._unexpected(path, stack.shape, stack.dtype, file)
        return stack

    def _unexpected(self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], file: RasterFile) -> EncodeError:
        return EncodeError(
            f"{path}: has {_described(shape, dtype)}; "
            f"expected {_described((len(file.tensors), *file.tensors[0].shape), file.tensors[0].dtype)}",
            hint=f"check that the folder holds {self._part.name} as published"
            if self._part.folder
            else "check bands, side_px and dtype in the description of the data set",
        )

    def _member(self, path: str, file: RasterFile, content: Content) -> bytes:
        """A file of a sample that is not on the disk.

        Raises:
            EncodeError: if there is no such file.
        """
        data = content.get(file.suffix)
        if data is None:
            raise self._missing(path, "download the archive again, or leave the patch out")
        return data

    def _expect_present(self, path: str, content: Content | None) -> None:
        """Tell a missing file from a damaged one.

        Raises:
            EncodeError: if there is no such file.
        """
        if content is None and not os.path.exists(path):  # noqa: PTH110 - paths are strings for speed
            raise self._missing(path, "download or build the patch again, or take its folder out") from None

    def _missing(self, path: str, hint: str) -> EncodeError:
        suffixes = ", ".join(file.suffix for file in self._part.files)
        return EncodeError(f"{path}: is missing; each of {self._part.name} must have the files *{suffixes}", hint=hint)


def _expect_backscatter(path: str, pixels: NDArray[Any]) -> None:
    """Check that a file holds backscatter in dB.

    Raises:
        EncodeError: if it does not.
    """
    wrong = implausibility(pixels)
    if wrong is not None:
        raise EncodeError(
            f"{path}: {wrong}",
            hint="make the patch again, or take its folder out",
        )


def _places(start: int, tensors: tuple[TensorSpec, ...], order: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """First and last byte of each tensor in a value."""
    sizes = {tensor.name: tensor.nbytes for tensor in tensors}
    places = {}
    for name in order:
        places[name] = (start, start + sizes[name])
        start += sizes[name]
    return places


def _grown(tensor: TensorSpec, pixels: int) -> TensorSpec:
    return TensorSpec(tensor.name, tuple(side + pixels for side in tensor.shape), tensor.dtype)


_cached_header = lru_cache(maxsize=256)(header)


def _described(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    bands = f"{shape[0]} bands of " if shape[0] > 1 else ""
    return f"{bands}{shape[1]} x {shape[2]} pixels of {dtype.name}"
