import pytest
from pydantic import ValidationError

from reben.core.errors import ReleaseError
from reben.release.options import ReleaseOptions


def test_parts_are_put_in_order():
    assert ReleaseOptions(parts=" store,S2, maps").chosen() == ("s2", "maps", "store")
    assert ReleaseOptions().chosen() == ()


def test_unknown_parts_are_refused():
    with pytest.raises(ReleaseError, match="'images' is not a part"):
        ReleaseOptions(parts="s2,images").chosen()


def test_sizes():
    assert ReleaseOptions(split_gb=1.5).part_bytes == 1_500_000_000
    assert ReleaseOptions().part_bytes is None
    with pytest.raises(ValidationError):
        ReleaseOptions(split_gb=0)
