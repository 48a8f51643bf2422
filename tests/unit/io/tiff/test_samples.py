"""Data types that contradict themselves are refused, in every kind of TIFF."""

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reben.core.errors import RasterError
from reben.io.tiff.geotiff import read_pixels, read_stack
from reben.io.tiff.samples import expect_possible_samples

SAMPLE_FORMAT, SHORT = 339, 3


def write(path: Path, dtype: str, bands: int = 1, **profile: object) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=16, height=16, count=bands, dtype=dtype, crs="EPSG:32633",
        transform=rasterio.transform.from_origin(0, 0, 10, 10), **profile,
    ) as target:  # fmt: skip
        target.write(np.ones((bands, 16, 16), dtype))
    return path


def set_format(path: Path, *formats: int) -> None:
    """Change the sample format of a classic little-endian TIFF of one band or two."""
    content = bytearray(path.read_bytes())
    entry = content.find(struct.pack("<HH", SAMPLE_FORMAT, SHORT))
    assert entry > 0
    struct.pack_into(f"<{len(formats)}H", content, entry + 8, *formats)
    path.write_bytes(content)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"])
@pytest.mark.parametrize(
    "profile",
    [{}, {"BIGTIFF": "YES"}, {"ENDIANNESS": "BIG"}, {"compress": "lzw"}, {"BIGTIFF": "YES", "ENDIANNESS": "BIG"}],
)
@pytest.mark.parametrize("bands", [1, 2, 13])
def test_what_gdal_writes_is_possible(tmp_path: Path, dtype: str, profile: dict[str, str], bands: int):
    expect_possible_samples(write(tmp_path / "p.tif", dtype, bands, **profile))


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("uint8", 3), ("uint16", 5), ("int16", 6), ("uint16", 4), ("uint16", 0), ("uint16", 99), ("int8", 5)],
)
def test_formats_that_contradict_the_bits(tmp_path: Path, dtype: str, number: int):
    path = write(tmp_path / "p.tif", dtype)
    set_format(path, number)
    for read in (read_stack, read_pixels, expect_possible_samples):
        with pytest.raises(RasterError, match=f"p.tif: has the sample format {number} with"):
            read(path)


def test_bands_of_several_types(tmp_path: Path):
    path = write(tmp_path / "p.tif", "float32", 2)
    set_format(path, 3, 1)
    with pytest.raises(RasterError, match="has the sample format 1 and 3 with 32 bits"):
        read_stack(path)


def test_real_files(shared_data: Path):
    files = [path for path in (shared_data / "other_datasets").rglob("*") if path.suffix.lower() == ".tif"]
    assert len(files) > 10
    for file in files:
        expect_possible_samples(file)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), value=st.binary(min_size=1, max_size=4))
def test_damaged_files_raise_nothing_else(tmp_path: Path, place: int, value: bytes):
    whole, path = tmp_path / "whole.tif", tmp_path / "p.tif"
    content = bytearray((whole if whole.exists() else write(whole, "uint16", 3)).read_bytes())
    content[place : place + len(value)] = value
    path.write_bytes(content)
    with suppress(RasterError):
        expect_possible_samples(path)
