import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from safetensors.numpy import load, save

from reben.core.errors import EncodeError, RasterError
from reben.encode.bigearthnet import S1_PATCHES
from reben.encode.specification import Part, RasterFile, SampleLayout, raster, stack
from reben.encode.values import ValueReader
from reben.io.dataset.paths import DatasetPaths

SIDES = {"B02": 12, "B05": 6, "B01": 2}
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def part_of(*files: RasterFile) -> Part:
    return Part("patches", "dir", "", files, SampleLayout(r"p_\d+"), "p_0/p_0.tif")


def noise(shape: tuple[int, ...], dtype: str = "uint16") -> NDArray[Any]:
    random = np.random.default_rng(3)
    if np.dtype(dtype).kind == "f":
        return random.normal(0, 30, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def write(path: Path, bands: NDArray[Any], **profile: Any) -> NDArray[Any]:
    """A GeoTIFF of shape (bands, rows, columns); the same as rasterio reads it."""
    count, height, width = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=bands.dtype,
        transform=from_origin(300_000, 5_400_000, 10, 10), **profile,
    ) as target:  # fmt: skip
        target.write(bands)
    with rasterio.open(path) as source:
        return source.read()


def read(part: Part, stem: Path) -> bytes:
    """The value, read into a buffer in which other bytes were before."""
    reader = ValueReader(part)
    target = bytearray(b"\xff" * reader.most_bytes)
    length = reader.read_into(memoryview(target), str(stem))
    assert length <= reader.most_bytes
    return bytes(target[:length])


def expect(value: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Byte for byte what safetensors writes."""
    assert value == save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def expect_refused(part: Part, stem: Path, kind: type[EncodeError | RasterError], *texts: str) -> None:
    with pytest.raises(kind) as caught:
        read(part, stem)
    for text in texts:
        assert text in str(caught.value)
    assert caught.value.hint


# Files of one band


def write_bands(folder: Path, sides: Mapping[str, tuple[int, int]]) -> dict[str, NDArray[Any]]:
    return {name: write(folder / f"p_{name}.tif", noise((1, *shape)))[0] for name, shape in sides.items()}


FIXED = part_of(*(raster(f"_{name}.tif", name, side, "uint16") for name, side in SIDES.items()))
VARYING = part_of(*(raster(f"_{name}.tif", name, side, "uint16", tolerance_px=2) for name, side in SIDES.items()))


@pytest.mark.parametrize("part", [FIXED, VARYING], ids=["fixed", "varying"])
def test_value_is_what_safetensors_writes(tmp_path: Path, part: Part):
    arrays = write_bands(tmp_path, {name: (side, side) for name, side in SIDES.items()})
    expect(read(part, tmp_path / "p"), arrays)


def test_value_has_the_largest_size_only_if_it_is_fixed():
    data = sum(2 * side**2 for side in SIDES.values())
    assert FIXED.has_fixed_size
    assert not VARYING.has_fixed_size
    assert data < ValueReader(FIXED).most_bytes < ValueReader(VARYING).most_bytes


def test_one_reader_reads_samples_of_several_sizes_one_after_the_other(tmp_path: Path):
    reader = ValueReader(VARYING)
    target = memoryview(bytearray(reader.most_bytes))
    for number, change in enumerate((2, -1, 0, 1, 2)):
        (folder := tmp_path / str(number)).mkdir()
        arrays = write_bands(folder, {name: (side + change, side) for name, side in SIDES.items()})
        length = reader.read_into(target, str(folder / "p"))
        expect(bytes(target[:length]), arrays)


def test_data_types_may_be_mixed(tmp_path: Path):
    part = part_of(*(raster(f"_{dtype}.tif", dtype, 5, dtype) for dtype in DTYPES))
    arrays = {dtype: write(tmp_path / f"p_{dtype}.tif", noise((1, 5, 5), dtype))[0] for dtype in DTYPES}
    expect(read(part, tmp_path / "p"), arrays)


@pytest.mark.parametrize(
    "shape", [(13, 12), (12, 13), (11, 12), (12, 11), (14, 10), (10, 14), (14, 14), (10, 10)], ids=str
)
def test_rows_and_columns_within_the_tolerance_are_kept(tmp_path: Path, shape: tuple[int, int]):
    arrays = write_bands(tmp_path, {"B02": shape, "B05": (6, 6), "B01": (2, 2)})
    value = read(VARYING, tmp_path / "p")
    assert load(value)["B02"].shape == shape
    expect(value, arrays)


@pytest.mark.parametrize("shape", [(15, 12), (12, 15), (9, 12), (12, 9), (40, 40)], ids=str)
def test_more_than_the_tolerance_is_an_error(tmp_path: Path, shape: tuple[int, int]):
    write_bands(tmp_path, {"B02": shape, "B05": (6, 6), "B01": (2, 2)})
    expect_refused(
        VARYING, tmp_path / "p", EncodeError, f"{tmp_path}/p_B02.tif: ",
        f"has {shape[0]} x {shape[1]} pixels of uint16", "expected 12 x 12 pixels of uint16",
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(13, 12), (11, 12), (12, 13)], ids=str)
def test_without_a_tolerance_one_row_more_is_an_error(tmp_path: Path, shape: tuple[int, int]):
    write_bands(tmp_path, {"B02": (12, 12), "B05": (6, 6), "B01": (2, 2)})
    write(tmp_path / "p_B02.tif", noise((1, *shape)))
    found = f"{tmp_path}/p_B02.tif: has {shape[0]} x {shape[1]} pixels of uint16; expected 12 x 12 pixels of uint16"
    expect_refused(FIXED, tmp_path / "p", EncodeError, found)


@pytest.mark.parametrize("part", [FIXED, VARYING], ids=["fixed", "varying"])
def test_what_is_wrong_with_one_of_the_files_is_named(tmp_path: Path, part: Part):
    path = tmp_path / "p_B05.tif"

    def fresh() -> None:
        write_bands(tmp_path, {name: (side, side) for name, side in SIDES.items()})

    fresh()
    write(path, noise((1, 6, 6), "int16"))
    expect_refused(part, tmp_path / "p", EncodeError, f"{path}: has 6 x 6 pixels of int16", "6 x 6 pixels of uint16")
    write(path, noise((3, 6, 6)))
    with pytest.raises((EncodeError, RasterError), match=f"{path}: has 3 bands"):
        read(part, tmp_path / "p")
    fresh()
    path.write_bytes(path.read_bytes()[:-20])
    expect_refused(part, tmp_path / "p", RasterError, str(path))
    path.unlink()
    expect_refused(part, tmp_path / "p", EncodeError, f"{path}: is missing", "patches", "*_B02.tif, _B05.tif, _B01.tif")
    path.symlink_to("nowhere")
    expect_refused(part, tmp_path / "p", EncodeError, f"{path}: is missing")


# Files of several bands


def stack_of(bands: int, side: int, dtype: str, tolerance_px: int) -> Part:
    return part_of(stack(".tif", [f"B{i}" for i in range(1, bands + 1)], side, dtype, tolerance_px=tolerance_px))


def named(bands: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {f"B{i}": band for i, band in enumerate(bands, 1)}


@pytest.mark.parametrize("tolerance_px", [0, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"interleave": "pixel"},
        {"interleave": "band", "compress": "deflate"},
        {"interleave": "pixel", "compress": "lzw", "predictor": 2, "tiled": True, "blockxsize": 16, "blockysize": 16},
        {"ENDIANNESS": "BIG"},
    ],
    ids=["plain", "pixel", "band deflate", "tiled lzw", "big-endian"],
)
def test_bands_of_a_file_become_tensors_in_their_order(
    tmp_path: Path, tolerance_px: int, dtype: str, profile: dict[str, Any]
):
    if dtype.startswith("f"):
        profile = {name: value for name, value in profile.items() if name != "predictor"}
    bands = noise((13, 20, 20), dtype)
    assert np.array_equal(write(tmp_path / "p.tif", bands, **profile), bands)
    expect(read(stack_of(13, 20, dtype, tolerance_px), tmp_path / "p"), named(bands))


def test_hundreds_of_bands(tmp_path: Path):
    bands = write(tmp_path / "p.tif", noise((224, 8, 8), "int16"))
    for tolerance_px in (0, 1):
        expect(read(stack_of(224, 8, "int16", tolerance_px), tmp_path / "p"), named(bands))


@pytest.mark.parametrize("count", [3, 300, 700])
def test_the_header_of_the_largest_value_has_room(tmp_path: Path, count: int):
    """Shapes and offsets have more digits in it."""
    bands = write(tmp_path / "p.tif", noise((count, 10, 10), "uint8"))
    expect(read(stack_of(count, 9, "uint8", 1), tmp_path / "p"), named(bands))


def test_special_values_are_kept(tmp_path: Path):
    bands = np.array([[[np.nan, np.inf], [-np.inf, -0.0]]] * 2, "f4")
    write(tmp_path / "p.tif", bands, nodata=np.nan)
    value = read(stack_of(2, 2, "float32", 0), tmp_path / "p")
    assert load(value)["B2"].tobytes() == bands[1].tobytes()
    assert value == save(named(bands))


def test_nodata_is_a_value_like_any_other(tmp_path: Path):
    bands = noise((2, 4, 4), "int16")
    bands[:, 0] = -32768
    write(tmp_path / "p.tif", bands, nodata=-32768)
    expect(read(stack_of(2, 4, "int16", 0), tmp_path / "p"), named(bands))


@pytest.mark.parametrize("shape", [(19, 20), (20, 21), (23, 17)], ids=str)
def test_a_stack_within_the_tolerance_keeps_its_shape(tmp_path: Path, shape: tuple[int, int]):
    bands = write(tmp_path / "p.tif", noise((3, *shape)))
    value = read(stack_of(3, 20, "uint16", 3), tmp_path / "p")
    assert {array.shape for array in load(value).values()} == {shape}
    expect(value, named(bands))


@pytest.mark.parametrize("tolerance_px", [0, 3])
@pytest.mark.parametrize(
    ("shape", "dtype", "found"),
    [
        ((2, 20, 20), "uint16", "has 2 bands of 20 x 20 pixels of uint16"),
        ((4, 20, 20), "uint16", "has 4 bands of 20 x 20 pixels of uint16"),
        ((1, 20, 20), "uint16", "has 20 x 20 pixels of uint16"),
        ((3, 20, 20), "int16", "has 3 bands of 20 x 20 pixels of int16"),
        ((3, 20, 20), "float32", "has 3 bands of 20 x 20 pixels of float32"),
        ((3, 24, 20), "uint16", "has 3 bands of 24 x 20 pixels of uint16"),
        ((3, 20, 16), "uint16", "has 3 bands of 20 x 16 pixels of uint16"),
    ],
)
def test_what_a_stack_is_not(tmp_path: Path, tolerance_px: int, shape: Sequence[int], dtype: str, found: str):
    write(tmp_path / "p.tif", noise(tuple(shape), dtype))
    expect_refused(
        stack_of(3, 20, "uint16", tolerance_px), tmp_path / "p", EncodeError,
        f"{tmp_path}/p.tif: {found}; expected 3 bands of 20 x 20 pixels of uint16",
    )  # fmt: skip


@pytest.mark.parametrize("tolerance_px", [0, 3])
def test_damaged_and_missing_stacks(tmp_path: Path, tolerance_px: int):
    part, path = stack_of(3, 20, "uint16", tolerance_px), tmp_path / "p.tif"
    expect_refused(part, tmp_path / "p", EncodeError, f"{path}: is missing", "*.tif")
    write(path, noise((3, 20, 20)), compress="deflate")
    whole = path.read_bytes()
    for content in (whole[:-500], whole[:100], b"", b"no raster"):
        path.write_bytes(content)
        expect_refused(part, tmp_path / "p", RasterError, str(path))


@pytest.mark.parametrize("tolerance_px", [0, 1])
def test_files_of_one_and_of_several_bands_in_one_sample(tmp_path: Path, tolerance_px: int):
    part = part_of(
        stack("_rgb.tif", ("r", "g", "b"), 8, "uint8", tolerance_px=tolerance_px),
        raster("_height.tif", "height", 4, "float32"),
    )
    red, green, blue = write(tmp_path / "p_rgb.tif", noise((3, 8, 8 + tolerance_px), "uint8"))
    (height,) = write(tmp_path / "p_height.tif", noise((1, 4, 4), "float32"))
    expect(read(part, tmp_path / "p"), {"r": red, "g": green, "b": blue, "height": height})


@pytest.mark.parametrize("wrong", [-9999, -99, 4000, np.nan])
def test_sentinel1_patches_must_be_backscatter(real_patches: DatasetPaths, tmp_path: Path, wrong: float):
    source = next(real_patches.s1.glob("*/*"))
    folder = tmp_path / source.name
    shutil.copytree(source, folder)
    reader = ValueReader(S1_PATCHES)
    target = memoryview(bytearray(reader.most_bytes))
    assert reader.read_into(target, f"{folder}/{folder.name}") == reader.most_bytes
    path = folder / f"{folder.name}_VH.tif"
    with rasterio.open(path, "r+") as file:
        pixels = file.read(1)
        pixels[3, 4] = wrong
        file.write(pixels, 1)
    with pytest.raises(EncodeError, match=f"_VH.tif: has a value of {wrong}; expected backscatter"):
        reader.read_into(target, f"{folder}/{folder.name}")
