"""Raw pixels out of the store: by address, in the layout of the first patch."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from reben.core.bands import select_bands
from reben.core.errors import BandError, KeyNotFoundError, StoreError
from reben.data.kernels import copy_rows
from reben.data.native_resolution import image_side_px, locate, read_layout
from reben.io.store import create_store, open_store

BANDS = select_bands("B05,B02,VV")


def value(seed: int, names: tuple[str, ...] = ("B02", "B05"), sides: tuple[int, ...] = (12, 6)) -> dict:
    draw = np.random.default_rng(seed)
    return {name: draw.integers(1, 9000, (side, side), np.uint16) for name, side in zip(names, sides, strict=True)}


@pytest.fixture
def store_of(tmp_path: Path):
    def make(**values: dict):
        with create_store(tmp_path / "store") as writer:
            writer.write([(key, save(tensors)) for key, tensors in sorted(values.items())])
        return open_store(tmp_path / "store")

    return make


def rows_of(store, keys: list[str], layout) -> np.ndarray:
    found = locate(store, keys, layout)
    rows = np.empty((len(keys), layout.pixels), layout.dtype)
    copy_rows(found.addresses, rows)
    return rows


def test_bands_lie_where_the_layout_says(store_of):
    values = {key: value(seed) for seed, key in enumerate("abc")}
    store = store_of(**values)
    layout = read_layout(store, "a", "s2", BANDS)
    assert layout.channels.tolist() == [0, 1]
    assert layout.sides.tolist() == [6, 12]
    assert image_side_px([layout]) == 12
    rows = rows_of(store, ["c", "a", "b", "a"], layout)
    for row, key in zip(rows, "caba", strict=True):
        for band, offset, side in zip(("B05", "B02"), layout.offsets, layout.sides, strict=True):
            np.testing.assert_array_equal(row[offset : offset + side**2].reshape(side, side), values[key][band])


def test_values_with_other_tensors_are_brought_into_the_layout(store_of):
    """Another converter may write a value with further bands, or with names in another order."""
    other = value(5, ("B02", "B05", "B01"), (12, 6, 2))
    store = store_of(a=value(1), b=other)
    layout = read_layout(store, "a", "s2", BANDS)
    row = rows_of(store, ["b"], layout)[0]
    for band, offset, side in zip(("B05", "B02"), layout.offsets, layout.sides, strict=True):
        np.testing.assert_array_equal(row[offset : offset + side**2].reshape(side, side), other[band])


def test_patches_of_another_size_are_named(store_of):
    store = store_of(a=value(1), b=value(2, sides=(24, 12)))
    with pytest.raises(BandError, match=r"key 'b': B05 has 12 x 12 pixels; the first patch has 6 x 6"):
        locate(store, ["a", "b"], read_layout(store, "a", "s2", BANDS))


@pytest.mark.parametrize(
    ("tensors", "kind", "message"),
    [
        ({"B02": np.ones((12, 12), np.uint16)}, StoreError, "has no tensor 'B05'; expected one of B02"),
        ({"B02": np.ones((12, 12), np.uint16), "B05": np.ones((6, 5), np.uint16)}, BandError, "B05 has 6 x 5 pixels"),
        ({"B02": np.ones((12, 12), np.uint16), "B05": np.ones((6, 6), np.float32)}, BandError, "pixels of float32"),
    ],
)
def test_what_is_no_such_value(store_of, tensors: dict, kind: type[Exception], message: str):
    with pytest.raises(kind, match=message):
        read_layout(store_of(a=tensors), "a", "s2", BANDS)


def test_bands_that_make_no_common_image(store_of):
    layout = read_layout(store_of(a=value(1, sides=(12, 5))), "a", "s2", BANDS[1::-1])
    with pytest.raises(BandError, match="5 x 5 pixels cannot be upsampled to 12 x 12"):
        image_side_px([layout])


def test_missing_patches(store_of):
    store = store_of(a=value(1))
    with pytest.raises(KeyNotFoundError):
        locate(store, ["a", "z"], read_layout(store, "a", "s2", BANDS))


def test_memory_outlives_the_store(store_of):
    values = value(1)
    store = store_of(a=values)
    layout = read_layout(store, "a", "s2", BANDS)
    found = locate(store, ["a"], layout)
    store.close()
    rows = np.empty((1, layout.pixels), layout.dtype)
    copy_rows(found.addresses, rows)
    assert rows.sum() == sum(int(band.astype(np.int64).sum()) for band in values.values()) % (1 << 64)
