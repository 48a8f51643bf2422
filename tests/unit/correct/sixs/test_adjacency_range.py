import pytest

from reben.core.errors import CorrectionError
from reben.correct.sixs.adjacency_range import FARTHEST_M, RANGE_M, expect_range


def test_ranges_from_none_to_the_farthest():
    for range_m in (0, 60, RANGE_M, FARTHEST_M):
        expect_range(range_m)


@pytest.mark.parametrize("range_m", [-0.1, FARTHEST_M + 1, float("nan"), float("inf")])
def test_what_is_no_range(range_m):
    with pytest.raises(CorrectionError, match="expected 0 to 20,000") as caught:
        expect_range(range_m)
    assert "0 leaves the light" in caught.value.hint
