from itertools import combinations

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.io.stac.providers import LAND_COVER, PROVIDERS, SCENE_CLASSES, find_provider


def test_each_row_names_an_asset_for_each_band():
    for row in PROVIDERS:
        bands = {"--l2a": {*S2_BANDS, SCENE_CLASSES}, "--s1-scenes": set(S1_BANDS), "--land-cover": {LAND_COVER}}
        assert set(row.assets) == bands[row.goes_with]
        assert len(set(row.assets.values())) == len(row.assets)
        assert row.catalogue.startswith("https://")
        assert row.hosts


def test_an_item_belongs_to_one_row():
    for row in PROVIDERS:
        assert find_provider(row.collection, frozenset(row.assets.values())) is row
    for one, other in combinations(PROVIDERS, 2):
        assert one.collection != other.collection or not set(one.assets.values()) & set(other.assets.values())
    assert find_provider("sentinel-2-l2a", frozenset({"thumbnail"})) is None
    assert find_provider("sentinel-2-l1c", frozenset({"B02"})) is None
