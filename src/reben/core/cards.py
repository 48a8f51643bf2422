"""Cards: what objects show of themselves in notebooks, as HTML that looks right on light and on dark pages.

Colours come from the page (`currentColor`); only swatches and bars of classes bring their own. Everything is styled
where it stands, because notebooks remove style sheets of outputs that they do not trust.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # legends show themselves as cards
    from reben.core.classes import Rgb

_LINE = "border:0;border-bottom:1px solid rgba(128,128,128,.3);"
_CELL = f"{_LINE}padding:.15em .8em .15em 0;text-align:left;vertical-align:top;background:none"
_BAR_WIDTH_EM = 10


@dataclass(frozen=True, slots=True)
class Count:
    """A line of a list with bars."""

    name: str
    number: int
    colour: "Rgb | None" = None
    """Of the bar; that of the text if None."""


def card(title: str, facts: Mapping[str, object], counts: Iterable[Count] = (), *, counted: str = "") -> str:
    """A title, a table of facts, and a list of counts with bars.

    Args:
        title: what the object is.
        facts: its properties, by name; numbers get separators of thousands.
        counts: for example patches per class; the largest number has the longest bar.
        counted: what the numbers of `counts` count.
    """
    rows = "".join(_row(name, escape(_said(value))) for name, value in facts.items())
    return f'<div style="max-width:60em"><b>{escape(title)}</b>{_table(rows)}{_bars(list(counts), counted)}</div>'


def colours_card(title: str, colours: "Mapping[str, Rgb]") -> str:
    """A title, and names beside their colours."""
    rows = "".join(f'<tr><td style="{_CELL}">{_swatch(rgb)} {escape(name)}</td></tr>' for name, rgb in colours.items())
    return f'<div style="max-width:60em"><b>{escape(title)}</b>{_table(rows)}</div>'


def progress_card(description: str, done: int, total: int, *, unit: str = "") -> str:
    """How far work is, as a bar with numbers."""
    numbers = f"{done:,} of {total:,} {unit}".rstrip()
    return (
        f"<div>{escape(description)} "
        f'<progress value="{done}" max="{max(total, 1)}" aria-label="{escape(description)}"></progress> {numbers}</div>'
    )


def _bars(counts: list[Count], counted: str) -> str:
    if not counts:
        return ""
    most = max(1, *(count.number for count in counts))
    rows = "".join(
        _row(count.name, f'<span style="white-space:nowrap">{_bar(count, most)} {count.number:,}</span>')
        for count in counts
    )
    return f'<div style="margin-top:.5em">{escape(counted)}</div>{_table(rows)}'


def _bar(count: Count, most: int) -> str:
    colour = "currentColor" if count.colour is None else _css(count.colour)
    return (
        f'<span style="display:inline-block;height:.7em;width:{_BAR_WIDTH_EM * count.number / most:.2f}em;'
        f'background:{colour};outline:1px solid rgba(128,128,128,.4)"></span>'
    )


def _row(name: str, cell: str) -> str:
    head = f'<th scope="row" style="{_CELL};font-weight:normal">{escape(name)}</th>'
    return f'<tr>{head}<td style="{_CELL}">{cell}</td></tr>'


def _table(rows: str) -> str:
    return f'<table style="border-collapse:collapse;border:0;margin:.3em 0">{rows}</table>' if rows else ""


def _swatch(colour: "Rgb") -> str:
    return (
        f'<span style="display:inline-block;width:1em;height:1em;background:{_css(colour)};'
        'border:1px solid rgba(128,128,128,.6);vertical-align:text-bottom"></span>'
    )


def _css(colour: "Rgb") -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
