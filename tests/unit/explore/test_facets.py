import numpy as np
import pyarrow as pa

from reben.explore.facets import facets_of
from reben.io.dataset.metadata import SCHEMA

TILES = ("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57", "S2B_MSIL2A_20180101T101031_N9999_R022_T29SNB_00_01")


def rows(ids: tuple[str, ...] = TILES, **columns: object) -> pa.Table:
    given = {"patch_id": ids, "labels": [["Pastures"]] * len(ids), "split": ["test", "train"], **columns}
    return pa.table([pa.array(given.get(field.name, [None] * len(ids)), field.type) for field in SCHEMA], SCHEMA)


def test_what_tables_and_names_tell():
    found = {facet.key: facet for facet in facets_of(rows(country=["Austria", None]))}
    told = {key: [facet.values[code] for code in facet.codes] for key, facet in found.items()}
    assert told == {
        "split": ["test", "train"],
        "country": ["Austria", "unknown"],
        "season": ["summer", "winter"],
        "tile": ["33UUP", "29SNB"],
        "date": ["2017-06-13", "2018-01-01"],
    }
    assert found["split"].values == ("train", "test")
    assert found["split"].said()["colours"] == ["#0072b2", "#009e73"]


def test_names_of_other_data_sets_tell_less():
    found = facets_of(rows(("farm_1", "farm_2")))
    assert [facet.key for facet in found] == ["split"]


def test_weather_where_somebody_has_looked():
    flags = {"contains_seasonal_snow": [True, None], "contains_cloud_or_shadow": [False, None]}
    (weather,) = (facet for facet in facets_of(rows(**flags)) if facet.key == "weather")
    assert [weather.values[code] for code in weather.codes] == ["seasonal snow", "nobody has looked"]
    assert weather.codes.dtype == np.int32
