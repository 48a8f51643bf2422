"""The leaderboard as one HTML page that needs nothing else: tables, and intervals drawn as SVG."""

from collections.abc import Iterable, Sequence
from html import escape

from reben.benchmark.comparison import METRIC, Comparison, Difference, Entry
from reben.benchmark.others import Claim
from reben.benchmark.tables import TITLES, description, marks_of, setting_title, shown, verdict
from reben.core.classes import CLC2018
from reben.learn.scores.multilabel import METRIC_NAMES
from reben.paper.models import PAPER_MODELS
from reben.version import __version__

_STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6b7b; --line: #d8dfe6; --bar: #0072b2; --control: #8a97a5; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } p { max-width: 60rem; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.mark { color: var(--soft); font-size: .85em; } .beyond { color: #00695c; font-weight: 600; }
.within { color: var(--soft); } svg { display: block; width: 100%; height: auto; margin: .4rem 0 1rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85em; }
"""
_WIDTH, _LEFT, _RIGHT, _STEP = 1000, 300, 70, 30
_TICKS = 5
_OF_TABLE_I = (
    "Trained from random weights on all of the training split, and tested on all of reBEN's test split: to be compared "
    "with results on the same patches only."
)
_OF_OTHERS = "As their sources say; on which patches and with which inputs is not proved here."


def as_html(found: Comparison, claims: Sequence[Claim] = ()) -> str:
    """The leaderboard as a page.

    Args:
        found: results that may be compared.
        claims: scores that others report, which are shown apart.
    """
    parts = ["<h1>What pre-trained models are worth</h1>", f"<p>{escape(description(found))}</p>"]
    for setting in found.settings:
        entries = found.of(setting)
        parts += [f"<h2>{escape(setting_title(setting))}</h2>", _chart(entries), _scores(entries)]
        parts += _differences([one for one in found.differences if one.setting == setting])
        parts += _per_class(entries, found.data.class_names)
    parts += _reference(found) + _claims(claims) + _proof(found)
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Leaderboard</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body>{body}\n<footer>Written by reben {escape(__version__)}.</footer></body></html>\n"
    )


def _chart(entries: Sequence[Entry]) -> str:
    """Macro average precision of each entry with its interval, and chance, as SVG."""
    chance = entries[0].runs[0].chance_ap_macro
    intervals = [entry.interval(METRIC) for entry in entries]
    ends = [end for one in intervals if one is not None for end in (one.low, one.high)]
    values = [chance, *(entry.score(METRIC) for entry in entries), *ends]
    room = max(max(values) - min(values), 0.01) * 0.05
    low, high = max(0.0, min(values) - room), min(1.0, max(values) + room)

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    height = _STEP * (len(entries) + 1) + 26
    bottom = _STEP * len(entries) + 14
    lines = []
    for number in range(_TICKS):
        value = low + (high - low) * number / (_TICKS - 1)
        lines.append(_line(x(value), 8, x(value), bottom, "#e6ebf0"))
        lines.append(_text(x(value), bottom + 18, f"{100 * value:.1f}", "middle", "#5b6b7b"))
    lines.append(_line(x(chance), 8, x(chance), bottom, "#8a97a5", ' stroke-dasharray="4 4"'))
    lines.append(_text(x(chance), bottom + 36, "chance", "middle", "#5b6b7b"))
    for number, (entry, interval) in enumerate(zip(entries, intervals, strict=True)):
        y = _STEP * number + 24
        colour = "#8a97a5" if entry.is_control else "#0072b2"
        lines.append(_text(_LEFT - 14, y + 5, entry.name, "end", "#1d2733"))
        if interval is not None:
            lines.append(_line(x(interval.low), y, x(interval.high), y, colour, ' stroke-width="3"'))
        lines.append(f'<circle cx="{x(entry.score(METRIC)):.1f}" cy="{y}" r="5.5" fill="{colour}"/>')
    label = f"{TITLES[METRIC]} in percent{', with 95 % intervals' if ends else ''}"
    return (
        f'<h3>{label}</h3><svg viewBox="0 0 {_WIDTH} {height + 14}" role="img" aria-label="{label}" '
        f'font-size="14" font-family="system-ui, DejaVu Sans, sans-serif">{"".join(lines)}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:  # noqa: PLR0917 - SVG's
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _scores(entries: Sequence[Entry]) -> str:
    rows = [
        [
            entry.name,
            *(shown(entry.score(name), entry.interval(name), entry.spread(name)) for name in METRIC_NAMES),
            shown(entry.runs[0].chance_ap_macro),
            str(len(entry.runs)),
            marks_of(entry),
        ]
        for entry in entries
    ]
    return _table(["model", *(TITLES[name] for name in METRIC_NAMES), "chance", "seeds", ""], rows)


def _differences(differences: Sequence[Difference]) -> list[str]:
    if not differences:
        return []
    rows = [
        [d.better, d.worse, TITLES[d.metric], shown(d.value, d.interval, sign="+"), verdict(d)] for d in differences
    ]
    return ["<h3>Paired differences</h3>", _table(["model", "less", "metric", "difference", ""], rows)]


def _per_class(entries: Sequence[Entry], names: Sequence[str]) -> list[str]:
    """Average precision by class, of the first seed of each entry."""
    lacking = set(entries[0].runs[0].classes_without_positives)
    rows = [
        [name, *(shown(entry.runs[0].ap_per_class[name]) for entry in entries)] for name in names if name not in lacking
    ]
    details = _table(["class", *(entry.name for entry in entries)], rows)
    return [f"<details><summary>Average precision by class (first seed)</summary>{details}</details>"]


def _reference(found: Comparison) -> list[str]:
    """The paper's Table I, where the classes are reBEN's."""
    if found.data.class_names != CLC2018.class_names:
        return []
    rows = [
        [model.title, modality, *(f"{getattr(scores, name):.2f}" for name in METRIC_NAMES)]
        for model in PAPER_MODELS.values()
        for modality, scores in model.scores.items()
    ]
    return [
        "<h2>For reference: Table I of the reBEN paper</h2>",
        f"<p>{_OF_TABLE_I}</p>",
        _table(["model", "bands", *(TITLES[name] for name in METRIC_NAMES)], rows),
    ]


def _claims(claims: Sequence[Claim]) -> list[str]:
    if not claims:
        return []
    rows = [[claim.model, TITLES[claim.metric], shown(claim.value), claim.source] for claim in claims]
    return [
        "<h2>Reported by others</h2>",
        f"<p>{_OF_OTHERS}</p>",
        _table(["model", "metric", "value", "source"], rows),
    ]


def _proof(found: Comparison) -> list[str]:
    """Hashes of data and weights, and versions."""
    rows = [[f"{split} patches", digest] for split, digest in found.data.patches_sha256.items()]
    rows.append(["ids, splits and labels", found.data.rows_sha256])
    weights = {entry.name: entry.runs[0].model.weights_sha256 for entry in found.entries}
    rows += [[f"weights of {name}", digest] for name, digest in sorted(weights.items())]
    codes = sorted({", ".join(f"{k} {v}" for k, v in sorted(entry.code.items())) for entry in found.entries})
    rows += [["versions", code] for code in codes]
    return [f"<details><summary>What this was made of</summary>{_table(['what', 'SHA-256'], rows)}</details>"]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells that begin with a digit or sign are numbers."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    kind = {"beyond noise": "beyond", "within noise": "within"}.get(text, "")
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"
