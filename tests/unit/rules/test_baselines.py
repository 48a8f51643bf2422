from pathlib import Path

import pytest

from reben.core.names import TileName
from reben.rules.baselines import acquisition_of, superseded

NAME = "S2A_MSIL1C_20180613T101031_{}_R022_T33UUP"


def test_all_but_the_newest_baseline_are_superseded():
    tiles = {Path(baseline): TileName.parse(NAME.format(baseline)) for baseline in ("N0500", "N0206", "N0208", "N0500")}
    tiles[Path("part")] = tiles[Path("N0500")]
    assert superseded(tiles) == {
        Path(old): f"has processing baseline {old}; the same acquisition is there in N0500"
        for old in ("N0206", "N0208")
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("S2A_", "S2B_"), ("MSIL1C", "MSIL2A"), ("T101031", "T101032"), ("R022", "R023"), ("33UUP", "33UVP")],
)
def test_other_acquisitions_are_compared_with_none(old: str, new: str):
    one, other = TileName.parse(NAME.format("N0206")), TileName.parse(NAME.format("N0500").replace(old, new))
    assert acquisition_of(one) != acquisition_of(other)
    assert superseded({Path("one"): one, Path("other"): other}) == {}
