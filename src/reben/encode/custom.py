r"""Data sets of users: a specification as a TOML file.

::

    name = "my-data"

    [[parts]]
    name = "patches"                # plural, for messages
    sample = 'patch_\d+'            # regular expression for the name of a sample
    suffix = ".tif"                 # each sample is a file with this ending; without this line, a folder of files
    depth = 1                       # folders between the root and a sample; without it, any
    key_parts = 1                   # names that make the key, from the sample's upwards; optional
    key_suffix = ""                 # optional
    files_named = true              # whether the files of a folder begin with its name; optional

    [[parts.files]]
    suffix = ".tif"                 # what follows the sample's name in the file's; always needed
    bands = ["red", "green"]        # tensors, in the order of the file's bands
    side_px = 256
    dtype = "uint16"
    tolerance_px = 0                # how many pixels the sides may differ; optional
"""

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from reben.core.errors import EncodeError
from reben.core.wording import first_of
from reben.encode.specification import DatasetSpecification, Part, SampleLayout, stack
from reben.io.small_files import read_toml
from reben.io.tiff.plain import LARGEST_RASTER

_Text = Annotated[str, Field(min_length=1)]
_MOST_BANDS = 4_096
"""Of a file, and files of a sample; hyperspectral data have some hundred."""
_LONGEST_SIDE_PX = 16_384
"""A whole Sentinel-2 tile has 10,980."""
_DEEPEST = 64
"""Folders between a root and a sample."""


def _compiles(pattern: str) -> str:
    """Check a regular expression.

    Raises:
        ValueError: if it is none.
    """
    try:
        re.compile(pattern, re.ASCII)  # as `SampleLayout` does
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression ({error})") from error
    return pattern


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _File(_Model):
    suffix: _Text
    bands: Annotated[list[_Text], Field(min_length=1, max_length=_MOST_BANDS)]
    side_px: Annotated[int, Field(ge=1, le=_LONGEST_SIDE_PX)]
    dtype: Literal["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
    tolerance_px: Annotated[int, Field(ge=0, le=_LONGEST_SIDE_PX)] = 0

    @model_validator(mode="after")
    def _expect_a_patch(self) -> Self:
        nbytes = len(self.bands) * (self.side_px + self.tolerance_px) ** 2 * np.dtype(self.dtype).itemsize
        if nbytes > LARGEST_RASTER:
            raise ValueError(f"has up to {nbytes:,} bytes; a patch has at most {LARGEST_RASTER:,}")
        return self


class _Part(_Model):
    name: _Text
    sample: Annotated[_Text, AfterValidator(_compiles)]
    suffix: str = ""
    depth: Annotated[int, Field(ge=0, le=_DEEPEST)] | None = None
    key_parts: Annotated[int, Field(ge=1, le=_DEEPEST)] = 1
    key_suffix: str = ""
    files_named: bool = True
    files: Annotated[list[_File], Field(min_length=1, max_length=_MOST_BANDS)]

    @model_validator(mode="after")
    def _expect_names_once(self) -> Self:
        count = Counter(band for file in self.files for band in file.bands)
        twice = [band for band, number in count.items() if number > 1]
        if twice:
            raise ValueError(f"band {first_of(twice)} is given twice; all bands of a sample need names of their own")
        return self

    def as_part(self) -> Part:
        layout = SampleLayout(
            self.sample,
            suffix=self.suffix,
            depth=self.depth,
            key_parts=self.key_parts,
            key_suffix=self.key_suffix,
            files_named=self.files_named,
        )
        files = tuple(stack(f.suffix, f.bands, f.side_px, f.dtype, tolerance_px=f.tolerance_px) for f in self.files)
        return Part(self.name, "dir", "", files, layout, self._example())

    def _example(self) -> str:
        """Where the first file of a sample lies: in the sample's folder, unless the sample is the file."""
        file = f"<sample>{self.files[0].suffix}" if self.suffix or self.files_named else self.files[0].suffix
        return file if self.suffix else f"<sample>/{file}"


def _named_apart(parts: list[_Part]) -> list[_Part]:
    """Check that counts and reports, which are by name, can tell all parts apart.

    Raises:
        ValueError: if two have one name.
    """
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise ValueError(f"parts {', '.join(map(repr, names))} need different names")
    return parts


class _Specification(_Model):
    name: _Text
    parts: Annotated[list[_Part], Field(min_length=1), AfterValidator(_named_apart)]


def read_specification(path: Path) -> DatasetSpecification:
    """A data set's specification from a TOML file.

    Raises:
        EncodeError: if the file cannot be read, or has an unknown, missing or wrong entry.
    """
    values = read_toml(path, error=EncodeError, hint="docs/encoding.md shows a whole specification")
    try:
        content = _Specification.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise EncodeError(f"{path}: {wrong}", hint="docs/encoding.md shows a whole specification") from error
    return DatasetSpecification(content.name, content.name, tuple(part.as_part() for part in content.parts))
