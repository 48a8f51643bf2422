"""How far away ground may lie whose light is taken out of a pixel.

Apart from `adjacency`, which computes with it, because the command line needs no more than these numbers to start.
"""

from math import isfinite

from reben.core.errors import CorrectionError

RANGE_M = 1_000.0
"""How far surroundings reach by default, to all four sides: sen2cor's default of 1 km."""
FARTHEST_M = 20_000.0
"""Beyond some 10 km hardly any light comes (Vermote et al., IEEE TGRS 35, 1997: environment functions)."""


def expect_range(range_m: float) -> None:
    """Check a range; 0 stands for no correction.

    Raises:
        CorrectionError: if it is not a length, or longer than light is scattered.
    """
    if not (isfinite(range_m) and 0 <= range_m <= FARTHEST_M):
        raise CorrectionError(
            f"the ground around a pixel cannot reach {range_m} m far; expected 0 to {FARTHEST_M:,.0f}",
            hint="0 leaves the light of neighbouring ground in",
        )
