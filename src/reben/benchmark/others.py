"""Results that others published: shown apart, with their source, since nothing proves what they were made of."""

from dataclasses import dataclass
from pathlib import Path

from reben.core.errors import BenchmarkError
from reben.io.small_files import read_csv
from reben.learn.scores.multilabel import METRIC_NAMES

COLUMNS = ("model", "metric", "value", "source")
_HINT = f"give columns {', '.join(COLUMNS)}; value from 0 to 1"


@dataclass(frozen=True, slots=True)
class Claim:
    """A score that somebody reports."""

    model: str
    metric: str
    value: float
    """0 to 1."""
    source: str
    """Where it is reported."""


def read_claims(path: Path) -> list[Claim]:
    """Scores of others in a CSV file.

    Raises:
        BenchmarkError: if a column or a source is missing, or a value is not a score.
    """
    rows = list(read_csv(path, error=BenchmarkError, hint=_HINT))
    head = [cell.strip() for cell in rows[0].cells] if rows else []
    lacking = [name for name in COLUMNS if name not in head]
    if lacking:
        raise BenchmarkError(f"{path}: has no column {', '.join(lacking)}", hint=_HINT)
    return [_claim(row.place, dict(zip(head, map(str.strip, row.cells), strict=False))) for row in rows[1:]]


def _claim(place: str, values: dict[str, str]) -> Claim:
    lacking = [name for name in COLUMNS if not values.get(name)]
    if lacking:
        raise BenchmarkError(f"{place}: {lacking[0]} is missing", hint=_HINT)
    if values["metric"] not in METRIC_NAMES:
        raise BenchmarkError(
            f"{place}: {values['metric']!r} is not a metric", hint=f"the metrics are {', '.join(METRIC_NAMES)}"
        )
    try:
        value = float(values["value"])
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BenchmarkError(f"{place}: value {values['value']!r} is not from 0 to 1", hint=_HINT)
    return Claim(values["model"], values["metric"], value, values["source"])
