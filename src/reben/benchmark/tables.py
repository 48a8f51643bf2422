"""The leaderboard as Markdown, CSV and LaTeX."""

import csv
import io
from collections.abc import Iterable

from reben.benchmark.comparison import Comparison, Difference, Entry
from reben.core.markdown import table
from reben.learn.scores.bootstrap import FEWEST_UNITS, Interval
from reben.learn.scores.multilabel import METRIC_NAMES

TITLES = {"ap_macro": "macro AP", "ap_micro": "micro AP", "f1_macro": "macro F1", "f1_micro": "micro F1"}


def setting_title(setting: tuple[str, float]) -> str:
    """A method and fraction, for people.

    >>> setting_title(("knn", 0.1))
    'knn, 10 % of the training split'
    """
    method, fraction = setting
    return f"{method}, {'all' if fraction == 1 else f'{100 * fraction:g} %'} of the training split"


def shown(value: float, interval: Interval | None = None, spread: float | None = None, *, sign: str = "") -> str:
    """A score in percent, with its spread over seeds and its interval.

    >>> shown(0.5, Interval(0.4, 0.6), 0.01)
    '50.00 ± 1.00 [40.00, 60.00]'
    """
    text = f"{100 * value:{sign}.2f}"
    if spread is not None:
        text += f" ± {100 * spread:.2f}"
    return text if interval is None else f"{text} [{100 * interval.low:{sign}.2f}, {100 * interval.high:{sign}.2f}]"


def marks_of(entry: Entry) -> str:
    """What is to be known of an entry beside its scores."""
    return ", ".join([*(["control"] if entry.is_control else []), *(["other versions"] if entry.other_code else [])])


def as_markdown(found: Comparison) -> str:
    """The leaderboard for people."""
    parts = ["# Leaderboard", description(found)]
    for setting in found.settings:
        head = ["model", *(TITLES[name] for name in METRIC_NAMES), "chance", "seeds", ""]
        rows = [_row(entry) for entry in found.of(setting)]
        parts += [f"## {setting_title(setting)}", table(head, rows).rstrip()]
        rows = [
            [d.better, d.worse, TITLES[d.metric], shown(d.value, d.interval, sign="+"), verdict(d)]
            for d in found.differences
            if d.setting == setting
        ]
        if rows:
            parts += ["Paired differences:", table(["model", "less", "metric", "difference", ""], rows).rstrip()]
    return "\n\n".join(parts) + "\n"


def description(found: Comparison) -> str:
    """What scores are of, and what intervals mean, in sentences."""
    counts = ", ".join(f"{number:,} {split}" for split, number in found.data.patches.items())
    intervals = (
        f"Brackets hold 95 % of the bootstrap over {found.units} {found.units_are}s of the test split"
        if found.units >= FEWEST_UNITS
        else f"There are no intervals: the test patches lie in fewer {found.units_are}s ({found.units}) than the "
        f"{FEWEST_UNITS} that a bootstrap needs to say something"
    )
    return (
        f"Patches: {counts}, {'with' if found.data.snow_and_cloud else 'without'} snow and clouds. Scores in percent, "
        f"means over seeds ± their standard deviation. {intervals}. Differences are paired: both models are scored on "
        "the same resamples; each interval stands for itself, and is not corrected for their number."
    )


def verdict(found: Difference) -> str:
    """Whether a difference is more than noise, for people."""
    if found.interval is None:
        return "unknown: too few tiles"
    return "beyond noise" if found.is_beyond_noise else "within noise"


def _row(entry: Entry) -> list[str]:
    scores = [shown(entry.score(name), entry.interval(name), entry.spread(name)) for name in METRIC_NAMES]
    return [entry.name, *scores, shown(entry.runs[0].chance_ap_macro), str(len(entry.runs)), marks_of(entry)]


def as_csv(found: Comparison) -> str:
    """The leaderboard for programs: a line per entry, scores from 0 to 1."""
    names = [f"{name}{end}" for name in METRIC_NAMES for end in ("", "_std", "_low", "_high")]
    head = ["model", "method", "fraction", "seeds", *names, "chance_ap_macro", "weights_sha256", "marks", "source"]
    return _csv(head, (_values(entry) for entry in found.entries))


def differences_as_csv(found: Comparison) -> str:
    """Paired differences for programs, scores from 0 to 1."""
    head = ["model", "less", "method", "fraction", "metric", "difference", "low", "high", "beyond_noise"]
    return _csv(
        head,
        (
            [
                d.better,
                d.worse,
                *map(str, d.setting),
                d.metric,
                repr(d.value),
                *_ends(d.interval),
                str(d.is_beyond_noise),
            ]
            for d in found.differences
        ),
    )


def as_latex(found: Comparison) -> str:
    """A `tabular` per method and fraction, for a paper."""
    parts = []
    for setting in found.settings:
        lines = [f"% {setting_title(setting)}", r"\begin{tabular}{l" + "r" * len(METRIC_NAMES) + "}", r"\hline"]
        lines.append(" & ".join(["Model", *(TITLES[name] for name in METRIC_NAMES)]) + r" \\ \hline")
        for entry in found.of(setting):
            cells = [shown(entry.score(n), entry.interval(n), entry.spread(n)) for n in METRIC_NAMES]
            lines.append(" & ".join([_latex(entry.name), *(c.replace("±", r"$\pm$") for c in cells)]) + r" \\")
        parts.append("\n".join([*lines, r"\hline", r"\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def _values(entry: Entry) -> list[str]:
    values = []
    for name in METRIC_NAMES:
        spread = entry.spread(name)
        values += [repr(entry.score(name)), "" if spread is None else repr(spread), *_ends(entry.interval(name))]
    run, (method, fraction) = entry.runs[0], entry.setting
    start = [entry.name, method, repr(fraction), str(len(entry.runs))]
    return [*start, *values, repr(run.chance_ap_macro), run.model.weights_sha256, marks_of(entry), entry.source]


def _ends(interval: Interval | None) -> list[str]:
    return ["", ""] if interval is None else [repr(interval.low), repr(interval.high)]


def _csv(head: list[str], rows: Iterable[list[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([head, *rows])
    return file.getvalue()


def _latex(text: str) -> str:
    for sign in "\\{}":
        text = text.replace(sign, " ")
    for sign in "_%&#$":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
