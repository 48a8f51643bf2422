from reben.acquire.choice import Candidate, best_per_season
from reben.core.names import TileName


def candidate(day: str, cloud: float, *, baseline: str = "N0500", tile: str = "T33UUP") -> Candidate:
    name = f"S2A_MSIL2A_{day}T101031_{baseline}_R022_{tile}"
    return Candidate(name, TileName.parse(name), cloud)


def test_the_clearest_of_each_tile_and_season():
    winter, cloudy, clear, other = (
        candidate("20171213", 80),
        candidate("20180613", 50),
        candidate("20180703", 10),
        candidate("20180613", 90, tile="T33UVP"),
    )
    january = candidate("20180103", 70)
    everything = [winter, cloudy, clear, other, january]
    assert best_per_season(everything, 1) == sorted(found.id for found in (january, clear, other))
    assert best_per_season(reversed(everything), 2) == sorted(found.id for found in everything)


def test_an_acquisition_counts_once_in_its_newest_baseline():
    old, new = (candidate("20180613", 10, baseline=baseline) for baseline in ("N0208", "N0500"))
    assert best_per_season([new, old], 2) == [new.id]
