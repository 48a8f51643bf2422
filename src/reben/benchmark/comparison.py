"""Results side by side: refused unless they are of the same patches; differences paired, with intervals by tile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

from reben.benchmark.results import Data, Predictions, Results, Run, read_predictions, read_results
from reben.core.errors import BenchmarkError
from reben.learn.scores.bootstrap import FEWEST_UNITS, Interval, RankedDecisions, interval_of, resampled

METRIC = "ap_macro"
"""By which entries are ordered."""
COMPARED = ("ap_macro", "ap_micro")
"""Metrics of which differences are shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """All seeds of a model, a method and a fraction."""

    runs: tuple[Run, ...]
    source: str
    """Name of the result file."""
    resamples: dict[str, NDArray[np.float64]] = field(repr=False)
    """Metrics in each resample of the test split, means over seeds; empty if there is one tile only."""
    code: dict[str, str]
    other_code: bool = False
    """Whether other versions made it than most entries."""

    @property
    def name(self) -> str:
        """Of the model."""
        return self.runs[0].model.name

    @property
    def setting(self) -> tuple[str, float]:
        """Method and fraction: what entries that are compared have in common."""
        return self.runs[0].method, self.runs[0].fraction

    @property
    def is_control(self) -> bool:
        """Whether nothing was learnt before: random weights, or none."""
        return "@random" in self.name or self.name.startswith("raw-")

    def score(self, metric: str) -> float:
        """Mean over seeds."""
        return mean(run.scores[metric] for run in self.runs)

    def spread(self, metric: str) -> float | None:
        """Standard deviation over seeds; None for one."""
        return stdev(run.scores[metric] for run in self.runs) if len(self.runs) > 1 else None

    def interval(self, metric: str) -> Interval | None:
        """Where the mean lies with 95 % confidence, by tile."""
        return interval_of(self.resamples[metric]) if metric in self.resamples else None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one model is than another, in the same setting, on the same patches."""

    better: str
    worse: str
    setting: tuple[str, float]
    metric: str
    value: float
    interval: Interval | None
    """None if there is one tile only."""

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval is not None and (self.interval.low > 0 or self.interval.high < 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Entries that may be compared."""

    data: Data
    entries: tuple[Entry, ...]
    """By setting, then the best first."""
    differences: tuple[Difference, ...]
    units: int
    """Tiles of the test split that intervals are drawn from."""
    units_are: str

    @property
    def settings(self) -> list[tuple[str, float]]:
        """Methods and fractions, in the order of the entries."""
        return list(dict.fromkeys(entry.setting for entry in self.entries))

    def of(self, setting: tuple[str, float]) -> list[Entry]:
        """Entries of a method and fraction."""
        return [entry for entry in self.entries if entry.setting == setting]


def compare(paths: Sequence[Path], *, resamples: int = 1000) -> Comparison:
    """Result files side by side.

    Args:
        paths: of result files.
        resamples: of whole tiles, for intervals.

    Raises:
        BenchmarkError: if a file cannot be read, or they are not of the same patches.
    """
    found = [(path, read_results(path)) for path in paths]
    _expect_same_data(found)
    _expect_same_training(found)
    entries: dict[tuple[str, str, float], Entry] = {}
    units: list[str] = []
    for path, results in found:
        predictions = read_predictions(path, results)
        units = predictions.units
        for entry in _entries(path.name, results, predictions, resamples):
            key = (entry.name, *entry.setting)
            if key in entries:
                raise BenchmarkError(
                    f"{path}: {entry.name}, {entry.setting[0]}, fraction {entry.setting[1]:g}, is in "
                    f"{entries[key].source}, too",
                    hint="give each once",
                )
            entries[key] = entry
    marked = _with_marks(list(entries.values()))
    ordered = sorted(marked, key=lambda entry: (*entry.setting, -entry.score(METRIC), entry.name))
    differences = [
        _difference(*pair, metric)
        for pair in combinations(ordered, 2)
        if pair[0].setting == pair[1].setting
        for metric in COMPARED
    ]
    kind = found[0][1].runs[0].intervals_by if found[0][1].runs else "tile"
    return Comparison(found[0][1].data, tuple(ordered), tuple(differences), len(set(units)), kind)


def _expect_same_data(found: Sequence[tuple[Path, Results]]) -> None:
    """Check that all were evaluated on the same patches with the same labels.

    Raises:
        BenchmarkError: if not; says how they differ.
    """
    if not found:
        raise BenchmarkError("no result file is given", hint="give files that `reben probe --json` wrote")
    first_path, first = found[0]
    for path, results in found[1:]:
        differ = _differences_of(first.data, results.data)
        if differ:
            raise BenchmarkError(
                f"{path} and {first_path} were not evaluated on the same patches: {'; '.join(differ)}",
                hint="evaluate both on the same tables, with the same --snow-and-cloud",
            )


def _differences_of(one: Data, other: Data) -> list[str]:
    """How the data of two results differ, in words."""
    differ = []
    if one.class_names != other.class_names:
        differ.append(f"{len(one.class_names)} and {len(other.class_names)} classes, or others")
    if one.snow_and_cloud != other.snow_and_cloud:
        differ.append("with and without snow and clouds")
    for split, digest in one.patches_sha256.items():
        if other.patches_sha256.get(split) != digest:
            counts = f"{one.patches[split]:,} and {other.patches.get(split, 0):,}"
            differ.append(f"other {split} patches ({counts})")
    if not differ and one.rows_sha256 != other.rows_sha256:
        differ.append("the same patches with other labels")
    return differ


def _expect_same_training(found: Sequence[tuple[Path, Results]]) -> None:
    """Check that equal fractions and seeds are equal lists of patches.

    Raises:
        BenchmarkError: if not.
    """
    known: dict[tuple[float, int], tuple[str, Path]] = {}
    for path, results in found:
        for run in results.runs:
            key = (run.fraction, run.seed if run.fraction < 1 else 0)
            digest, before = known.setdefault(key, (run.train_sha256, path))
            if digest != run.train_sha256:
                raise BenchmarkError(
                    f"{path} and {before} learnt from other training patches at fraction {key[0]:g}, seed {key[1]}",
                    hint="give both the same --lists",
                )


def _entries(source: str, results: Results, predictions: Predictions, resamples: int) -> list[Entry]:
    """Runs of a file, gathered over seeds."""
    groups: dict[tuple[str, str, float], list[int]] = {}
    for number, run in enumerate(results.runs):
        groups.setdefault(run.key, []).append(number)
    few = len(set(predictions.units)) < FEWEST_UNITS
    return [
        Entry(
            tuple(results.runs[number] for number in numbers),
            source,
            {}
            if few or not resamples
            else _resampled([predictions.of_runs[n] for n in numbers], predictions, resamples),
            results.code,
        )
        for numbers in groups.values()
    ]


def _resampled(
    of_seeds: Sequence[NDArray[np.float32]], predictions: Predictions, resamples: int
) -> dict[str, NDArray[np.float64]]:
    """Metrics in each resample, means over seeds."""
    labels = predictions.labels.astype(np.uint8)
    found = [
        resampled(RankedDecisions(one, labels).metrics, predictions.units, resamples=resamples) for one in of_seeds
    ]
    return {metric: np.mean([one[metric] for one in found], axis=0) for metric in found[0]}


def _with_marks(entries: Sequence[Entry]) -> list[Entry]:
    """Entries, with a mark at those that other versions made than most."""
    versions = [tuple(sorted(entry.code.items())) for entry in entries]
    usual = max(versions, key=versions.count)
    return [
        Entry(entry.runs, entry.source, entry.resamples, entry.code, other_code=own != usual)
        for entry, own in zip(entries, versions, strict=True)
    ]


def _difference(one: Entry, other: Entry, metric: str) -> Difference:
    interval = None
    if metric in one.resamples and metric in other.resamples:
        interval = interval_of(one.resamples[metric] - other.resamples[metric])
    return Difference(one.name, other.name, one.setting, metric, one.score(metric) - other.score(metric), interval)
