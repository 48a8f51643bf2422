import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from safetensors.numpy import load, save

from reben.core.errors import StoreError
from reben.io.store import REFERENCE_MAP_TENSOR, TensorSpec, header, reference_map_key
from reben.io.store.values import parse_header, tensor_view
from reben.io.tiff.geotiff import read_band

Tensors = dict[str, NDArray[Any]]

DTYPES = ("?", "u1", "i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8")


def tensors(min_side: int = 0) -> st.SearchStrategy[Tensors]:
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=min_side, max_side=4)
    names = st.text(min_size=1).filter(lambda name: name != "__metadata__")
    return st.dictionaries(names, hnp.arrays(st.sampled_from(DTYPES), shapes), max_size=5)


def specs(values: Tensors) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, array.shape, array.dtype) for name, array in values.items())


def views(value: bytes) -> Tensors:
    return {name: tensor_view(value, place) for name, place in parse_header(value).items()}


def raw(head: object, data: bytes = b"") -> bytes:
    """A value of any header, right or wrong."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def one(*, dtype: object = "U8", shape: object = (2,), offsets: object = (0, 2)) -> dict[str, object]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def assert_equal(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        assert found[name].tobytes() == array.tobytes()  # bytes: NaN is to be kept too


# Headers


@given(tensors())
def test_header_and_raw_bytes_are_what_safetensors_writes(values: Tensors) -> None:
    start, order = header(specs(values))
    assert start + b"".join(values[name].tobytes() for name in order) == save(values)


def test_header_of_a_real_patch_is_what_safetensors_writes(shared_data: Path) -> None:
    folder = next((shared_data / "patches" / "BigEarthNet-S2").glob("*/*_26_57"))
    values = {path.stem.rsplit("_", 1)[1]: read_band(path) for path in folder.iterdir()}
    start, order = header(specs(values))
    value = start + b"".join(values[name].tobytes() for name in order)
    assert len(values) == 12
    assert len(value) == 160_832
    assert value == save(values)
    assert_equal(load(value), values)


def test_header_does_not_depend_on_the_order_of_the_tensors() -> None:
    values = specs({"b": np.zeros(2, "u2"), "a": np.zeros(3, "u2"), "c": np.zeros(1, "f4")})
    assert header(values) == header(values[::-1])


@pytest.mark.parametrize(("shape", "dtype", "nbytes"), [((120, 120), "u2", 28_800), ((), "f8", 8), ((3, 0), "u1", 0)])
def test_tensor_size_is_that_of_its_shape_and_type(shape: tuple[int, ...], dtype: str, nbytes: int) -> None:
    assert TensorSpec("a", shape, np.dtype(dtype)).nbytes == nbytes


def test_type_that_safetensors_lacks_is_refused() -> None:
    with pytest.raises(StoreError, match="C64"):
        header((TensorSpec("a", (2,), np.dtype("c8")),))


def test_equal_names_are_refused() -> None:
    with pytest.raises(StoreError, match="'B02'"):
        header((TensorSpec("B02", (2,), np.dtype("u2")), TensorSpec("B02", (2,), np.dtype("u2"))))


def test_reference_maps_have_the_published_names() -> None:
    assert reference_map_key("P_26_57") == "P_26_57_reference_map"
    assert REFERENCE_MAP_TENSOR == "Data"


# Values


@given(tensors())
def test_values_of_safetensors_are_read(values: Tensors) -> None:
    assert_equal(views(save(values)), values)


@given(tensors(), st.dictionaries(st.text(), st.text(), max_size=2))
def test_metadata_in_the_header_is_passed_over(values: Tensors, metadata: dict[str, str]) -> None:
    assert_equal(views(save(values, metadata or None)), values)  # safetensors writes {} and {} as wrong JSON


@given(tensors(min_side=1), st.randoms(use_true_random=False))
def test_entries_may_come_in_any_order(values: Tensors, random: Any) -> None:
    head: dict[str, object] = {"__metadata__": {"made by": "another program"}}
    data, order = b"", list(values)
    entries = json.loads(header(specs(values))[0][8:])
    for name in sorted(order, key=lambda name: values[name].itemsize, reverse=True):
        entries[name]["data_offsets"] = [len(data), len(data) + values[name].nbytes]
        data += values[name].tobytes()
    random.shuffle(order)
    value = raw(head | {name: entries[name] for name in order}, data)
    assert_equal(views(value), load(value))
    assert_equal(views(value), values)


def test_empty_tensor_may_be_listed_after_the_one_at_the_same_offset() -> None:
    value = raw(one() | {"b": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}, b"xy")
    assert load(value).keys() == {"a", "b"}  # safetensors takes it
    assert parse_header(value)["b"].nbytes == 0


def test_views_share_the_bytes_of_the_value() -> None:
    value = bytearray(save({"a": np.zeros(4, "u1")}))
    (view,) = views(bytes(value)).values()
    assert not view.flags.writeable
    (shared,) = (tensor_view(value, place) for place in parse_header(bytes(value)).values())
    value[-1] = 7
    assert shared.tolist() == [0, 0, 0, 7]


def test_any_number_of_layouts_is_read() -> None:
    for i in range(1100):
        assert views(save({f"B{i}": np.array([i], "u2")}))[f"B{i}"].tolist() == [i]


# Damaged values


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"not JSON", id="no JSON"),
        pytest.param(b'{"a": {', id="cut JSON"),
        pytest.param(b"\xff\xfe\xfd", id="no text"),
        pytest.param(b"[" * 100_000, id="deeply nested"),
        pytest.param([], id="list"),
        pytest.param("text", id="text"),
        pytest.param(None, id="null"),
        pytest.param({"a": 3}, id="entry is a number"),
        pytest.param({"a": {}}, id="entry is empty"),
        pytest.param(one(dtype="C64"), id="unknown data type"),
        pytest.param(one(dtype=["U8"]), id="data type is a list"),
        pytest.param(one(dtype="U16"), id="data type of another size"),
        pytest.param(one(shape=[3]), id="larger shape"),
        pytest.param(one(shape=[-1, -2]), id="negative sides"),
        pytest.param(one(shape=None), id="no shape"),
        pytest.param(one(offsets=[0]), id="one offset"),
        pytest.param(one(offsets=[2, 0]), id="offsets swapped"),
        pytest.param(one(offsets=[1, 3]), id="hole at the start"),
        pytest.param(one(offsets=["x", "y"]), id="offsets are text"),
        pytest.param(
            {name: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]} for name in "ab"}, id="overlapping tensors"
        ),
        pytest.param(
            {
                "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                "b": {"dtype": "U8", "shape": [0], "data_offsets": [2, 2]},
            },
            id="hole between",
        ),
        pytest.param(b'{"a": {"dtype": "U8", "shape": [1e999], "data_offsets": [0, 2]}}', id="infinite side"),
    ],
)
def test_wrong_header_is_refused(head: object) -> None:
    with pytest.raises(StoreError, match=r"safetensors header"):
        parse_header(raw(head, b"xy"))


@pytest.mark.parametrize("shape", [[0, 10**30], [1] * 70], ids=["huge side", "70 dimensions"])
def test_shape_that_no_array_can_have_is_refused(shape: list[int]) -> None:
    size = 0 if 0 in shape else 1
    with pytest.raises(StoreError):
        parse_header(raw(one(shape=shape, offsets=[0, size]), bytes(size)))


@pytest.mark.parametrize("change", [-4, -1, 1, 100])
def test_value_that_is_shorter_or_longer_than_its_header_says_is_refused(change: int) -> None:
    whole = save({"a": np.arange(10, dtype="u2")})
    value = whole + bytes(change) if change > 0 else whole[:change]
    with pytest.raises(StoreError, match=f"value has {len(value)} bytes; its header describes {len(whole)}"):
        parse_header(value)


def test_bytes_behind_a_value_without_tensors_are_refused() -> None:
    with pytest.raises(StoreError):
        parse_header(save({}) + b"more")


@pytest.mark.parametrize("length", range(8))
def test_value_without_a_whole_length_is_refused(length: int) -> None:
    with pytest.raises(StoreError, match=f"value has {length} bytes: too short"):
        parse_header(bytes(length))


@pytest.mark.parametrize("claimed", [3, 1 << 21, 1 << 40, (1 << 64) - 1])
def test_header_that_claims_more_than_there_is_is_refused(claimed: int) -> None:
    with pytest.raises(StoreError, match=f"value of 10 bytes claims a safetensors header of {claimed} bytes"):
        parse_header(struct.pack("<Q", claimed) + b"{}")


@given(st.binary(max_size=100))
def test_garbage_is_no_value(garbage: bytes) -> None:
    with pytest.raises(StoreError):
        parse_header(garbage)


@given(tensors(), st.integers(0))
def test_cut_values_are_refused(values: Tensors, length: int) -> None:
    value = save(values)
    with pytest.raises(StoreError):
        parse_header(value[: length % len(value)])
