import pyarrow as pa

from reben.core.classes import CLC2018
from reben.data.groups import countries_of, seasons_of, tiles_of
from reben.data.patches import Patches
from reben.io.dataset.metadata import SCHEMA

IDS = [
    "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57",
    "S2B_MSIL2A_20171201T101031_N9999_R022_T33UUP_00_01",
    "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_90_90",
]


def rows(countries: list[str]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "patch_id": name, "labels": ["Pastures"], "split": "test", "country": country, "s1_name": None,
                "s2v1_name": None, "contains_seasonal_snow": False, "contains_cloud_or_shadow": False,
            }
            for name, country in zip(IDS, countries, strict=True)
        ],
        SCHEMA,
    )  # fmt: skip


def test_groups_are_in_the_order_of_the_patches():
    table = rows(["Austria", "Serbia", "Kosovo"])
    patches = Patches.from_metadata(table, legend=CLC2018).select([IDS[2], IDS[1], IDS[0]])
    assert countries_of(patches, table).tolist() == ["Kosovo", "Serbia", "Austria"]
    assert seasons_of(patches).tolist() == ["summer", "winter", "summer"]
    assert tiles_of(patches).tolist() == [name[:-6] for name in (IDS[2], IDS[1], IDS[0])]
