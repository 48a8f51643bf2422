import numpy as np
import pytest

from reben.core.errors import BandError
from reben.data.normalisation import PUBLISHED_STATISTICS, BandStatistics, normalisation


def test_published_values_come_in_the_order_of_the_bands():
    mean, std = normalisation(["VH", "B02"])
    np.testing.assert_allclose(mean, [-19.3526, 438.3721], rtol=1e-6)
    np.testing.assert_allclose(std, [5.5905, 607.0269], rtol=1e-6)


def test_every_band_has_published_statistics():
    assert len(PUBLISHED_STATISTICS) == 14


@pytest.mark.parametrize(
    "statistics",
    [
        {},
        {"B02": BandStatistics(1, 0)},
        {"B02": BandStatistics(float("nan"), 1)},
        {"B02": BandStatistics(1, float("inf"))},
    ],
)
def test_missing_or_useless_statistics_are_refused(statistics: dict[str, BandStatistics]):
    with pytest.raises(BandError, match="B02"):
        normalisation(["B02"], statistics)
