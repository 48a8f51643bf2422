"""Options of probes."""

from typing import Annotated, Literal

from pydantic import Field

from reben.work.options import Options, Positive

Method = Literal["linear", "knn"]
Fraction = Annotated[float, Field(gt=0, le=1)]


class ProbeOptions(Options):
    """How embeddings are measured."""

    method: tuple[Method, ...] = ("linear", "knn")
    """What learns from embeddings: linear is a logistic regression per class, knn the nearest training patches."""
    fraction: tuple[Fraction, ...] = (1.0,)
    """Share of the training split to learn from, drawn class by class."""
    seeds: Positive = 3
    """Draws of each fraction below 1, from seed 0 on."""
    bootstrap: Annotated[int, Field(ge=0)] = 200
    """Resamples of whole tiles for 95 % confidence intervals; 0 computes none."""
    snow_and_cloud: bool = False
    """Keep patches with seasonal snow, clouds or cloud shadows."""
