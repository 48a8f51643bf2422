"""Rows of the real tables, and of a made-up one where there are none."""

from collections.abc import Callable
from itertools import product

import pyarrow as pa
import pytest

from reben.core.classes import CLC2018
from reben.io.dataset.metadata import SCHEMA

CLASSES = CLC2018.class_names
COUNTRIES = ("Austria", "Ireland", "Portugal", None)
TILES = (
    "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP",
    "S2B_MSIL2A_20171230T101429_N9999_R022_T33UUP",
    "S2A_MSIL2A_20180302T112111_N9999_R037_T29SNB",
)


@pytest.fixture(scope="session")
def made_rows() -> pa.Table:
    """1,200 patches of three tiles with labels, splits, countries and flags in all combinations."""
    rows = []
    for number, (tile, column, row) in enumerate(product(TILES, range(20), range(20))):
        country = COUNTRIES[number % 4]
        rows.append(
            {
                "patch_id": f"{tile}_{column:02}_{row:02}",
                "labels": sorted({CLASSES[number % 19], CLASSES[number % 7], CLASSES[(number // 5) % 3]}),
                "split": ("train", "validation", "test")[number % 3],
                "country": country,
                "s1_name": None if country is None else f"S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{column}_{row}",
                "s2v1_name": None,
                "contains_seasonal_snow": number % 11 == 0,
                "contains_cloud_or_shadow": number % 13 == 0,
            }
        )
    return pa.Table.from_pylist(rows, SCHEMA)


@pytest.fixture
def shuffled(made_rows: pa.Table) -> Callable[[], pa.Table]:
    """The same rows in another order."""
    return lambda: made_rows.take(list(range(made_rows.num_rows))[::-1])
