import pytest
from pydantic import ValidationError

from reben.acquire.options import DownloadOptions, SearchOptions


def test_products_are_looked_for_in_one_way():
    assert SearchOptions(reben=True).is_by_name
    assert not SearchOptions(tile="33UUP").is_by_name
    for given in ({}, {"names": ("A",), "tile": "33UUP"}, {"from": "2017-06-01"}):
        with pytest.raises(ValidationError, match=r"give names .* or else a place"):
            SearchOptions.model_validate(given)


@pytest.mark.parametrize("given", [{"cloud": 101}, {"cloud": -1}, {"from": "June"}, {"type": "L3"}, {"tyle": "33UUP"}])
def test_impossible_searches(given: dict[str, object]):
    with pytest.raises(ValidationError):
        SearchOptions.model_validate({"tile": "33UUP"} | given)


def test_downloads_keep_to_the_quota():
    assert DownloadOptions().parallel == 4
    with pytest.raises(ValidationError, match="less than or equal to 4"):
        DownloadOptions(parallel=5)


def test_choosing_by_season_needs_days_and_sentinel_2():
    span = {"from": "2017-06-01", "to": "2017-08-31"}
    assert SearchOptions.model_validate({"tile": "33UUP", "per_season": 1} | span).per_season == 1
    with pytest.raises(ValidationError, match="first and the last day"):
        SearchOptions(tile="33UUP", per_season=1)
    with pytest.raises(ValidationError, match="which have tiles and clouds"):
        SearchOptions.model_validate({"area": "a.geojson", "type": "GRD", "per_season": 1} | span)
