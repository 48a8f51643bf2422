"""Mean and standard deviation of each band over the training set of reBEN, as used for the published weights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BandStatistics:
    """Mean and standard deviation of one band, in the units of the stored pixels."""

    mean: float
    std: float


Statistics = Mapping[str, BandStatistics]
"""Statistics by band name."""


class _PublishedStatistics(Mapping[str, BandStatistics]):
    """The published statistics; as a default value they print as their name instead of 14 lines of numbers."""

    def __init__(self, values: dict[str, BandStatistics]) -> None:
        self._values = values

    def __getitem__(self, band: str) -> BandStatistics:
        return self._values[band]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "PUBLISHED_STATISTICS"


PUBLISHED_STATISTICS: Statistics = _PublishedStatistics(
    {
        "B01": BandStatistics(361.0768, 575.0687),
        "B02": BandStatistics(438.3721, 607.0269),
        "B03": BandStatistics(614.0557, 603.2968),
        "B04": BandStatistics(588.4096, 684.5688),
        "B05": BandStatistics(942.8433, 738.4327),
        "B06": BandStatistics(1769.9316, 1100.4561),
        "B07": BandStatistics(2049.5515, 1275.8054),
        "B08": BandStatistics(2193.2920, 1369.3717),
        "B8A": BandStatistics(2235.5566, 1356.5441),
        "B09": BandStatistics(2241.4553, 1316.3933),
        "B11": BandStatistics(1568.2268, 1070.1613),
        "B12": BandStatistics(997.7325, 813.5276),
        "VV": BandStatistics(-12.6439, 5.1335),
        "VH": BandStatistics(-19.3526, 5.5905),
    }
)
