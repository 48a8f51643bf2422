from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from reben.io.store import create_store, open_store
from reben.io.store.contents import read_contents


def patch(wrong: float | None = None, dtype: str = "float32") -> bytes:
    bands = {name: np.full((120, 120), -12, dtype) for name in ("VH", "VV")}
    if wrong is not None:
        bands["VV"][7, 9] = wrong
    return save(bands)


@pytest.mark.parametrize("wrong", [-9999, -99, 4000, np.nan, np.inf])
def test_sentinel1_that_is_no_backscatter_counts_as_damaged(tmp_path: Path, wrong: float):
    with create_store(tmp_path / "store") as writer:
        writer.write([("a", patch()), ("b", patch(wrong)), ("c", patch(-74)), ("d", patch(30))])
    found = read_contents(open_store(tmp_path / "store"))
    assert (found.values, found.damaged_count) == (4, 1)
    assert found.damaged == {"b": f"VV has a value of {wrong}; expected backscatter between -90 and 50 dB"}


def test_other_tensors_of_that_name_are_none_of_it(tmp_path: Path):
    with create_store(tmp_path / "store") as writer:
        writer.write([("a", patch(-9999, "int16")), ("b", save({"VV": np.zeros((0, 3), "float32")}))])
    assert read_contents(open_store(tmp_path / "store")).damaged_count == 0
