"""Learning rate over the steps of a run: a linear rise, then half a cosine down.

Source: reBEN paper, section III; the published training scripts start and end at a tenth of the learning rate.
"""

from math import cos, pi

FLOOR = 0.1
"""First and last learning rate, as a share of the highest."""


def warmup_length(warmup_steps: int, total_steps: int) -> int:
    """Steps of the rise: as asked for, but at most half of a short run, so that the highest rate is reached at all.

    >>> warmup_length(1000, 53_300), warmup_length(1000, 60)
    (1000, 30)
    """
    return min(warmup_steps, total_steps // 2)


def rate(step: int, *, warmup_steps: int, total_steps: int) -> float:
    """Learning rate at `step` (counted from 0), as a share of the highest.

    >>> [round(rate(step, warmup_steps=2, total_steps=6), 3) for step in range(7)]
    [0.1, 0.55, 1.0, 0.868, 0.55, 0.232, 0.1]
    """
    rise = warmup_length(warmup_steps, total_steps)
    if step < rise:
        return FLOOR + (1 - FLOOR) * step / rise
    progress = min(1.0, (step - rise) / max(1, total_steps - rise))
    return FLOOR + (1 - FLOOR) * (1 + cos(pi * progress)) / 2
