import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from reben.core.errors import RasterError
from reben.io.tiff import geotiff

TRANSFORM = Affine(10, 0, 300_000, 0, -10, 5_400_000)
CRS = "EPSG:32633"

PROFILES: dict[str, dict[str, Any]] = {
    "plain": {},
    "deflate": {"compress": "deflate"},
    "lzw": {"compress": "lzw", "predictor": 2},
    "packbits": {"compress": "packbits"},
    "tiled": {"tiled": True, "blockxsize": 16, "blockysize": 16},
    "tiled deflate": {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    "big-endian": {"ENDIANNESS": "BIG"},
    "BigTIFF": {"BIGTIFF": "YES"},
    "one row per strip": {"BLOCKYSIZE": 1},
    "deflate, one row per strip": {"compress": "deflate", "BLOCKYSIZE": 1},
}
EXTRA_PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "f": {"deflate predictor 3": {"compress": "deflate", "predictor": 3}},
    "u": {"deflate predictor 2": {"compress": "deflate", "predictor": 2}},
    "i": {"deflate predictor 2": {"compress": "deflate", "predictor": 2}},
    "c": {"lzw": {"compress": "lzw"}},  # no predictor for complex numbers
}
CASES = [
    pytest.param(dtype, profile, id=f"{dtype} {name}")
    for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32", "float64", "complex64")
    for name, profile in (PROFILES | EXTRA_PROFILES[dtype[0]]).items()
]


def write(path: Path, array: NDArray[Any], **profile: Any) -> Path:
    """A GeoTIFF of an array of shape (rows, columns) or (bands, rows, columns)."""
    bands = array.reshape(-1, *array.shape[-2:])
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=array.shape[-2], width=array.shape[-1],
        dtype=array.dtype, crs=CRS, transform=TRANSFORM, **profile
    ) as target:  # fmt: skip
        target.write(bands)
    return path


def noise(dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    dtype_ = np.dtype(dtype)
    if dtype_.kind in "ui":
        limits = np.iinfo(dtype_)
        return np.random.default_rng(7).integers(limits.min, limits.max, shape, dtype_, endpoint=True)
    return np.random.default_rng(7).normal(0, 30, shape).astype(dtype_)


def real_patches(shared_data: Path, pattern: str) -> list[Path]:
    paths = sorted((shared_data / "patches").rglob(pattern))
    assert paths
    return paths


# Reading: both ways in


@pytest.mark.parametrize(("dtype", "profile"), CASES)
@pytest.mark.parametrize("shape", [(1, 1), (7, 45), (120, 120), (300, 257)], ids=str)
def test_generated_file_is_read_equally_by_both_ways(
    tmp_path: Path, shape: tuple[int, int], dtype: str, profile: dict[str, Any]
) -> None:
    array = noise(dtype, shape)
    path = write(tmp_path / "band.tif", array, **profile)
    for pixels in (geotiff.read_pixels(path), geotiff.read_pixels_with_gdal(path)):
        assert (pixels.shape, pixels.dtype) == (shape, array.dtype)
        assert np.array_equal(pixels.array(), array)
        assert pixels.data.nbytes == array.nbytes
    assert np.array_equal(geotiff.read_band(path), array)


@pytest.mark.parametrize("profile", [{}, {"compress": "deflate", "predictor": 2}], ids=["plain", "deflate"])
def test_band_of_zeros_is_read_equally_by_both_ways(tmp_path: Path, profile: dict[str, Any]) -> None:
    path = write(tmp_path / "zeros.tif", np.zeros((120, 120), np.uint16), nodata=0, **profile)
    assert not geotiff.read_band(path).any()
    assert np.array_equal(geotiff.read_band(path), geotiff.read_pixels_with_gdal(path).array())


def test_special_floats_are_kept(tmp_path: Path) -> None:
    array = np.array([[np.nan, np.inf], [-np.inf, -0.0]], "f4")
    assert geotiff.read_band(write(tmp_path / "band.tif", array)).tobytes() == array.tobytes()


def test_sparse_deflated_file_is_read_equally_by_both_ways(tmp_path: Path) -> None:
    array = np.zeros((120, 120), np.uint16)
    array[0, 0] = 7
    path = write(tmp_path / "sparse.tif", array, compress="deflate", SPARSE_OK=True)
    assert np.array_equal(geotiff.read_pixels_with_gdal(path).array(), array)
    assert np.array_equal(geotiff.read_band(path), array)


def test_real_patches_are_read_equally_by_both_ways(shared_data: Path) -> None:
    for path in real_patches(shared_data, "*.tif"):
        plain, gdal = geotiff.read_pixels(path), geotiff.read_pixels_with_gdal(path)
        assert (plain.shape, plain.dtype, plain.data.tobytes()) == (gdal.shape, gdal.dtype, gdal.data.tobytes()), path


@pytest.mark.parametrize("kind", [str, os.fspath, Path], ids=["str", "fspath", "Path"])
def test_paths_may_be_text(tmp_path: Path, kind: type[str | Path]) -> None:
    path = write(tmp_path / "band.tif", noise("uint16", (5, 5)))
    assert geotiff.read_band(kind(path)).shape == (5, 5)


@pytest.mark.parametrize("profile", [{}, PROFILES["tiled"]], ids=["plain", "tiled"])
def test_bands_are_read_only(tmp_path: Path, profile: dict[str, Any]) -> None:
    path = write(tmp_path / "band.tif", noise("uint16", (32, 32)), **profile)
    assert not geotiff.read_band(path).flags.writeable


# Reading: what is no band


def test_file_of_several_bands_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "rgb.tif", noise("uint8", (3, 10, 10)))
    with pytest.raises(RasterError, match=f"{path}: has 3 bands"):
        geotiff.read_band(path)


@pytest.mark.parametrize("name", ["missing.tif", "missing folder/band.tif", "."])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(RasterError, match=f"{path}: (cannot be read|is not a regular file)"):
        geotiff.read_band(path)


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"no raster at all", bytes(5000)], ids=["empty", "4", "text", "zeros"]
)
def test_garbage_is_named_with_a_hint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "band.tif"
    path.write_bytes(content)
    with pytest.raises(RasterError, match=str(path)) as caught:
        geotiff.read_band(path)
    assert "damaged" in caught.value.hint


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_B01.tif", "*_VV.tif", "*_reference_map.tif"])
def test_truncated_real_file_is_refused_at_every_length(shared_data: Path, tmp_path: Path, pattern: str) -> None:
    whole = real_patches(shared_data, pattern)[0].read_bytes()
    path = tmp_path / "cut.tif"
    for length in sorted({*range(420), *range(0, len(whole), len(whole) // 40), len(whole) - 1}):
        path.write_bytes(whole[:length])
        with pytest.raises(RasterError, match=str(path)) as caught:
            geotiff.read_band(path)
        assert "damaged" in caught.value.hint


@pytest.mark.parametrize("profile", [PROFILES["tiled deflate"], PROFILES["lzw"], PROFILES["big-endian"]])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_file_that_only_gdal_reads_is_refused(tmp_path: Path, profile: dict[str, Any], share: float) -> None:
    path = write(tmp_path / "band.tif", noise("uint16", (120, 120)), **profile)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(RasterError, match=str(path)):
        geotiff.read_band(path)


def test_damaged_compressed_pixels_are_named_with_a_hint(shared_data: Path, tmp_path: Path) -> None:
    damaged = bytearray(real_patches(shared_data, "*_reference_map.tif")[0].read_bytes())
    damaged[-200:-100] = bytes(100)
    path = tmp_path / "map.tif"
    path.write_bytes(damaged)
    with pytest.raises(RasterError, match=f"{path}: its compressed pixels are damaged") as caught:
        geotiff.read_band(path)
    assert "damaged" in caught.value.hint


# Reading: hostile files

WIDTH, HEIGHT, BITS, COMPRESSION, OFFSETS, SAMPLES, ROWS_PER_STRIP, LENGTHS = 256, 257, 258, 259, 273, 277, 278, 279


def hostile(strip: bytes, **changes: tuple[int, int, int]) -> bytes:
    """A TIFF of 4 x 4 uint16 pixels with changed entries (type, count, value)."""
    start = 8 + 2 + 12 * 9 + 4
    entries = {
        "width": (WIDTH, 4, 1, 4),
        "height": (HEIGHT, 4, 1, 4),
        "bits": (BITS, 4, 1, 16),
        "compression": (COMPRESSION, 4, 1, 1),
        "photometric": (262, 4, 1, 1),
        "offsets": (OFFSETS, 4, 1, start),
        "samples": (SAMPLES, 4, 1, 1),
        "rows_per_strip": (ROWS_PER_STRIP, 4, 1, 65_536),
        "lengths": (LENGTHS, 4, 1, len(strip)),
    }
    for name, change in changes.items():
        entries[name] = (entries[name][0], *change)
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries.values())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4) + strip


GIGAPIXELS = {"width": (4, 1, 65_536), "height": (4, 1, 65_536)}
HOSTILE = {
    "strip far outside": hostile(bytes(32), offsets=(4, 1, 0xFFFFFF00)),
    "four billion strips": hostile(bytes(32), offsets=(4, 0xFFFFFFFF, 8)),
    "deflate bomb": hostile(zlib.compress(bytes(10_000_000)), compression=(4, 1, 8)),
    "garbage as deflate": hostile(bytes(range(32)), compression=(4, 1, 8)),
    "no width": hostile(bytes(32), width=(3, 0, 0)),
    # BUG, fail with a MemoryError: GDAL is asked for 8 GiB because the file says so.
    "four gigapixels": hostile(bytes(32), **GIGAPIXELS),
    "four gigapixels of deflate": hostile(zlib.compress(bytes(32)), **GIGAPIXELS, compression=(4, 1, 8)),
    "four gigapixels left out": hostile(b"", **GIGAPIXELS, offsets=(4, 1, 0), lengths=(4, 1, 0)),
}

READ_WITHIN_2_GB = f"""
import resource, sys, warnings
resource.setrlimit(resource.RLIMIT_AS, ({2 << 30}, {2 << 30}))
warnings.simplefilter("ignore")
from reben.core.errors import RasterError
from reben.io.tiff import geotiff
try:
    geotiff.read_band(sys.argv[1])
except RasterError as error:
    print(error)
"""


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in HOSTILE.items()])
def test_hostile_file_is_refused_within_two_gigabytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.tif"
    path.write_bytes(content)
    run = subprocess.run([sys.executable, "-c", READ_WITHIN_2_GB, path], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert str(path) in run.stdout


def test_wrong_strip_length_does_not_change_the_pixels(tmp_path: Path) -> None:
    """GDAL knows how long a strip must be; a plain TIFF has the right length."""
    pixels = noise("uint16", (4, 4))
    path = tmp_path / "long.tif"
    path.write_bytes(hostile(pixels.tobytes(), lengths=(4, 1, 0xFFFFFFFF)))
    assert np.array_equal(geotiff.read_band(path), pixels)


# Writing


@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_B8A.tif", "*_B01.tif", "*_VV.tif", "*_VH.tif"])
def test_written_band_is_byte_for_byte_the_published_file(shared_data: Path, tmp_path: Path, pattern: str) -> None:
    for path in real_patches(shared_data, pattern):
        with rasterio.open(path) as source:
            band, crs, transform, nodata = source.read(1), source.crs.to_string(), source.transform, source.nodata
        assert nodata == (None if pattern.startswith("*_V") else 0)
        geotiff.write_band(tmp_path / "band.tif", band, crs=crs, transform=transform, nodata=nodata)
        assert (tmp_path / "band.tif").read_bytes() == path.read_bytes(), path


def test_written_reference_map_is_byte_for_byte_the_published_file(shared_data: Path, tmp_path: Path) -> None:
    (path,) = real_patches(shared_data, "*_reference_map.tif")
    with rasterio.open(path) as source:
        codes, crs, transform = source.read(1), source.crs.to_string(), source.transform
    geotiff.write_reference_map(tmp_path / "map.tif", codes, crs=crs, transform=transform)
    assert (tmp_path / "map.tif").read_bytes() == path.read_bytes()


def test_written_files_have_place_and_nodata(tmp_path: Path) -> None:
    codes = noise("uint16", (120, 120))
    geotiff.write_band(tmp_path / "s2.tif", codes, crs=CRS, transform=TRANSFORM)
    geotiff.write_band(tmp_path / "s1.tif", noise("float32", (120, 120)), crs=CRS, transform=TRANSFORM, nodata=None)
    geotiff.write_reference_map(tmp_path / "map.tif", codes, crs=CRS, transform=TRANSFORM)
    for name, nodata in (("s2", 0), ("s1", None), ("map", 0)):
        with rasterio.open(tmp_path / f"{name}.tif") as source:
            assert (source.crs.to_string(), source.transform, source.nodata) == (CRS, TRANSFORM, nodata)


def test_reference_map_is_read_back(tmp_path: Path) -> None:
    codes = np.random.default_rng(3).choice(np.array([111, 211, 999], np.uint16), (120, 120))
    geotiff.write_reference_map(tmp_path / "map.tif", codes, crs=CRS, transform=TRANSFORM)
    assert np.array_equal(geotiff.read_band(tmp_path / "map.tif"), codes)


def test_no_other_format_can_make_gdal_open_another_file(tmp_path: Path) -> None:
    secret, trap = tmp_path / "secret.tif", tmp_path / "band.tif"
    with rasterio.open(
        secret,
        "w",
        driver="GTiff",
        width=4,
        height=4,
        count=1,
        dtype="uint16",
        transform=rasterio.Affine(10, 0, 0, 0, -10, 0),
    ) as target:
        target.write(np.ones((4, 4), np.uint16), 1)
    trap.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(RasterError, match="cannot be read as a GeoTIFF"):
        geotiff.read_band(trap)


def test_a_pipe_does_not_hang_the_reader(tmp_path: Path) -> None:
    pipe = tmp_path / "band.tif"
    os.mkfifo(pipe)
    with pytest.raises(RasterError, match="is not a regular file"):
        geotiff.read_band(pipe)


# Stacks


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize(("scale", "offset"), [(0.01, 0.0), (1.0, -5.0)])
def test_values_that_must_be_scaled_are_refused(tmp_path: Path, bands: int, scale: float, offset: float) -> None:
    path = write(tmp_path / "scaled.tif", noise("int16", (bands, 16, 16)))
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = [scale] * bands, [offset] * bands
    for read in (geotiff.read_stack, geotiff.read_pixels):
        with pytest.raises(RasterError, match="which would be lost") as caught:
            read(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("dtype", "profile"), CASES)
@pytest.mark.parametrize("shape", [(1, 7, 45), (3, 32, 32), (13, 64, 64)], ids=str)
def test_stack_has_all_bands_in_order(
    tmp_path: Path, shape: tuple[int, int, int], dtype: str, profile: dict[str, Any]
) -> None:
    array = noise(dtype, shape)
    stack = geotiff.read_stack(write(tmp_path / "stack.tif", array, **profile))
    assert (stack.shape, stack.dtype) == (shape, array.dtype.newbyteorder("<"))
    assert stack.flags.c_contiguous
    assert all(band.flags.c_contiguous for band in stack)
    assert stack.tobytes() == array.tobytes()


@pytest.mark.parametrize("profile", [{"interleave": "pixel"}, {"interleave": "band"}], ids=str)
@pytest.mark.parametrize("compress", [None, "deflate", "lzw", "zstd"])
def test_stack_does_not_depend_on_the_interleaving(
    tmp_path: Path, profile: dict[str, Any], compress: str | None
) -> None:
    array = noise("int16", (202, 16, 16))
    path = write(tmp_path / "stack.tif", array, **profile, **({"compress": compress} if compress else {}))
    assert np.array_equal(geotiff.read_stack(path), array)


def test_real_stacks_are_what_rasterio_reads(shared_data: Path) -> None:
    paths = sorted((shared_data / "other_datasets" / "EuroSAT_MS").rglob("*.tif"))
    assert len(paths) == 3
    for path in paths:
        with rasterio.open(path) as source:
            expected = source.read()
        stack = geotiff.read_stack(str(path))
        assert stack.shape == (13, 64, 64)
        assert (stack.dtype, stack.tobytes()) == (expected.dtype, expected.tobytes())


@pytest.mark.filterwarnings("error")
def test_stack_without_a_place_is_read_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(path, "w", driver="GTiff", count=2, height=3, width=3, dtype="uint8") as target,
    ):
        target.write(noise("uint8", (2, 3, 3)))
    assert np.array_equal(geotiff.read_stack(path), noise("uint8", (2, 3, 3)))


@pytest.mark.parametrize("content", [None, b"", b"II*\0", b"no raster at all"], ids=["missing", "empty", "4", "text"])
def test_what_is_no_stack_is_named_with_a_hint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "stack.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RasterError, match=f"{path}: cannot be read as a GeoTIFF") as caught:
        geotiff.read_stack(path)
    assert "damaged" in caught.value.hint


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("profile", [{"interleave": "pixel"}, {"compress": "deflate"}], ids=str)
def test_truncated_stack_is_refused(tmp_path: Path, profile: dict[str, Any], share: float) -> None:
    path = write(tmp_path / "stack.tif", noise("uint16", (5, 64, 64)), **profile)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(RasterError, match=str(path)) as caught:
        geotiff.read_stack(path)
    assert "damaged" in caught.value.hint


def test_a_whole_tile_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tile.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=10_980, width=10_980, dtype="uint16", crs=CRS, transform=TRANSFORM,
        SPARSE_OK=True,
    ):  # fmt: skip
        pass
    with pytest.raises(RasterError, match=r"claims 2 bands of 10980 x 10980 pixels, 482,241,600 bytes") as caught:
        geotiff.read_stack(path)
    assert "not the tile" in caught.value.hint
