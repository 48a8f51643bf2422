"""How values of a copy came from the published values of the same pixels: unit, scale, offset, rounding, limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.findings import Evidence, Kind
from reben.audit.matching import Unit, in_unit
from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import S1_BANDS

Floats = NDArray[np.float64]

_PILE = 0.002
"""Share of pixels at an extreme from which on values may have been limited there."""
_FEWEST, _FEWEST_PILED = 12, 4  # pixels
_EXPLAINED = 0.995
"""Share of pixels that an explanation must explain."""
SINGLE = 1e-6
"""Relative; single precision has 24 significant bits, and sums of a few such numbers fewer."""
_HALF = 2.0**-10
"""Half precision has 11 significant bits."""
_EIGHT_BITS = 255
_MOST_POINTS = 400_000


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to the values."""

    kind: Kind
    text: str
    """Follows the names of bands and `are`; equal for all bands to which the same was done."""
    evidence: dict[str, Evidence] = field(default_factory=dict)


_HALF_PRECISION = Step(Kind.precision, "rounded to half precision (float16)", {"dtype": "float16"})


@dataclass(frozen=True, slots=True)
class Line:
    """y = a x + b."""

    a: float
    b: float

    def at(self, x: Floats) -> Floats:
        """The values on the line."""
        return self.a * x + self.b


def explain(
    x: Sequence[NDArray[Any]], y: Sequence[NDArray[Any]], band: str, unit: Unit, *, slack: float = 0
) -> list[Step] | None:
    """What was done to published values so that they became those of a copy; None if it was none of the usual things.

    Args:
        x: published pixels, an array for each patch.
        y: pixels of the copy, in the same order.
        band: the published band.
        unit: of the copy's values, as far as correlation tells.
        slack: by how much values may differ where they were recovered from interpolated ones.
    """
    old, new = (np.concatenate([part.ravel() for part in parts]).astype(np.float64) for parts in (x, y))
    if np.array_equal(old, new):
        return []
    thin = max(1, len(old) // _MOST_POINTS)
    old, new = in_unit(old[::thin], unit), new[::thin]
    valid = np.isfinite(new)
    if (new[valid] == np.rint(new[valid])).all():
        valid &= ~((new == 0) & (old != 0))  # nodata
    if np.count_nonzero(valid) < _FEWEST:
        return None
    old, new = old[valid], new[valid]
    steps = _of_pooled(old, new, band, unit, slack)
    if steps is None and len(x) > 1:
        lines = [_line(in_unit(a, unit).ravel(), b.astype(np.float64).ravel()) for a, b in zip(x, y, strict=True)]
        if all(line is not None for line in lines) and len({round(line.a, 9) for line in lines if line}) > 1:
            return [*_units(unit), Step(Kind.scaled, "scaled in each patch by a range of its own", {"per_patch": True})]
    return steps


def _of_pooled(old: Floats, new: Floats, band: str, unit: Unit, slack: float) -> list[Step] | None:
    """The explanation that holds for all patches alike."""
    steps = _units(unit)
    decibels = band in S1_BANDS and unit is Unit.published
    inner = _unlimited(new)
    for line in _usual_lines(old[inner], new[inner], band, unit):
        whole = bool((new == np.rint(new)).all())
        tolerance = _tolerance(new, line, whole=whole, slack=slack)
        if np.mean(np.abs(new[inner] - line.at(old[inner])) <= tolerance[inner]) < _EXPLAINED:
            continue
        limited = _limits(old, new, line, tolerance)
        if limited is None:
            continue
        return [
            *steps,
            *_scales(line, new, band, whole=whole),
            *_rounding(line.at(old), new, line, decibels=decibels, slack=slack),
            *limited,
        ]
    return None


def _units(unit: Unit) -> list[Step]:
    if unit is Unit.published:
        return []
    return [Step(Kind.unit, f"{unit.value} instead of decibels", {"unit": unit.name})]


def _unlimited(new: Floats) -> NDArray[np.bool_]:
    """Pixels that do not lie in a pile at either end of the values."""
    inner = np.ones(len(new), np.bool_)
    for end in (new.min(), new.max()):
        pile = new == end
        if max(_FEWEST_PILED, _PILE * len(new)) <= np.count_nonzero(pile) < len(new):
            inner &= ~pile
    return inner if np.ptp(new[inner]) > 0 else np.ones(len(new), np.bool_)


def _usual_lines(old: Floats, new: Floats, band: str, unit: Unit) -> list[Line]:
    """Lines that may lead from old to new values: the simple ones first, then the one that fits best."""
    lines = [Line(1, 0)]
    if unit is Unit.published:
        lines += [Line(1, float(np.rint(np.median(new - old))))]
    published = PUBLISHED_STATISTICS[band]
    lines += [
        Line(1 / 10_000, 0),
        Line(_EIGHT_BITS / 10_000, 0),
        Line(1 / published.std, -published.mean / published.std),
    ]
    fitted = _line(old, new, strict=False)
    return [*lines, *([fitted] if fitted else [])]


def _line(old: Floats, new: Floats, *, strict: bool = True) -> Line | None:
    """The line of least squares; None if there is none, or, with `strict`, if the values do not lie on it."""
    spread = float(np.var(old))
    if spread <= 0:
        return None
    a = float(np.mean((old - old.mean()) * (new - new.mean()))) / spread
    line = Line(a, float(new.mean() - a * old.mean()))
    whole = bool((new == np.rint(new)).all())
    close = np.abs(new - line.at(old)) <= _tolerance(new, line, whole=whole, slack=0)
    return line if not strict or (a > 0 and np.mean(close) >= _EXPLAINED) else None


def _tolerance(new: Floats, line: Line, *, whole: bool, slack: float) -> Floats:
    """By how much each value may differ from the line: by rounding to whole numbers, to half or to single precision."""
    moved = line.a == 1 and line.b == int(line.b)
    single = SINGLE * float(np.abs(new).max())
    rounding = 0.999 if whole and moved else 1.0 if whole else 0.0
    half = np.abs(new) * _HALF if _is_half(new) else np.zeros_like(new)
    return np.maximum(half, max(rounding, slack, single))


def _is_half(new: Floats) -> bool:
    """Whether half precision loses nothing of the values."""
    return bool((new == _as_half(new)).all())


def _as_half(values: Floats) -> Floats:
    """Values as half precision keeps them."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float64)


def _scales(line: Line, new: Floats, band: str, *, whole: bool) -> list[Step]:
    """What the line is called."""
    published = PUBLISHED_STATISTICS[band]
    if abs(line.a - 1) < 1e-3:  # noqa: PLR2004 - less than half precision tells
        offset = round(line.b)
        return [] if offset == 0 else [_offset(offset)]
    mean, std = -line.b / line.a, 1 / line.a
    near_zero = 1.0 if whole else 2e-3 * float(np.std(new))
    if abs(line.b) <= near_zero:
        factor = float(f"{std:.2g}" if whole else f"{std:.4g}")
        bits = " and stored in eight bits" if whole and new.max() <= _EIGHT_BITS else ""
        if factor < 1:
            return [Step(Kind.scaled, f"the published values times {1 / factor:,g}", {"divisor": factor})]
        return [Step(Kind.scaled, f"the published values divided by {factor:,g}{bits}", {"divisor": factor})]
    if abs(mean - published.mean) < 0.01 * published.std and abs(std / published.std - 1) < 0.01:  # noqa: PLR2004 - 1 %
        return [
            Step(Kind.standardised, "standardised with reBEN's mean and standard deviation", {"statistics": "reBEN"})
        ]
    if whole or (new.min() >= -SINGLE and new.max() <= 1 + SINGLE):
        low, high = (float(f"{(end - line.b) / line.a:.5g}") for end in (new.min(), new.max()))
        return [Step(Kind.scaled, "stretched between two values of the published ones", {"from": low, "to": high})]
    numbers: dict[str, Evidence] = {"statistics": "other", "mean": round(mean, 1), "std": round(std, 1)}
    return [Step(Kind.standardised, "standardised with a mean and standard deviation that are not reBEN's", numbers)]


def _offset(offset: int) -> Step:
    side = "above" if offset > 0 else "below"
    return Step(Kind.offset, f"{abs(offset):,} {side} the published values", {"offset": offset})


def _rounding(expected: Floats, new: Floats, line: Line, *, decibels: bool, slack: float) -> list[Step]:
    """Whether values were rounded, and how."""
    whole = bool((new == np.rint(new)).all())
    if whole and decibels and line.a == 1:
        for name, function in (("cut", np.trunc), ("rounded", np.rint), ("rounded down", np.floor)):
            if np.mean(function(expected) == new) >= _EXPLAINED:
                return [Step(Kind.rounded, f"{name} to whole decibels", {"how": name})]
        return [Step(Kind.rounded, "whole decibels", {"how": "unknown"})]
    if slack or (whole and line.a != 1):
        return []
    if whole:
        return [_HALF_PRECISION] if _is_made_half(expected, new) else []
    if _is_half(new) and np.abs(new - expected).max() > SINGLE * np.abs(new).max():
        return [_HALF_PRECISION]
    return []


def _is_made_half(expected: Floats, new: Floats) -> bool:
    """Whether whole numbers that are others became so in half precision, which has only even ones above 2,048."""
    others = new != expected
    if not others.any() or not _is_half(new):
        return False
    return bool(np.mean(_as_half(expected[others]) == new[others]) >= _EXPLAINED)


def _limits(old: Floats, new: Floats, line: Line, tolerance: Floats) -> list[Step] | None:
    """Where values were limited; None if values in piles are not what lay beyond the limits."""
    expected = line.at(old)
    within = np.abs(new - expected) <= tolerance
    ends = {"lowest": (new.min(), expected < new.min()), "highest": (new.max(), expected > new.max())}
    moved = {name: (new == end) & beyond & ~within for name, (end, beyond) in ends.items()}
    all_else = bool((within | moved["lowest"] | moved["highest"]).all())
    evidence: dict[str, Evidence] = {
        name: float(ends[name][0])
        for name, pixels in moved.items()
        if np.count_nonzero(pixels) >= (2 if all_else else _FEWEST)
    }
    if not evidence:
        return [] if np.mean(within) >= _EXPLAINED else None
    text = " and ".join(f"{'above' if name == 'highest' else 'below'} {value:,g}" for name, value in evidence.items())
    return [Step(Kind.clipped, f"cut off {text}", evidence)]
