"""Markdown out of texts that come from anywhere: tables, and pieces that cannot break out of their place."""

from collections.abc import Iterable, Sequence

_SPECIAL = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_[]#|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_IN_CELLS = str.maketrans({character: f"\\{character}" for character in "\\|[`"} | {"<": "&lt;"})


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""A table.

    >>> print(table(("class", "patches"), [("a|b", 3)]))
    | class | patches |
    | --- | --- |
    | a\|b | 3 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(value: object) -> str:
    """Text that cannot break out of its cell, and is no link."""
    return " ".join(str(value).translate(_IN_CELLS).split())


def inline(text: str) -> str:
    r"""Text on one line that means nothing to Markdown or HTML.

    >>> print(inline("a *b*\n<script>"))
    a \*b\* &lt;script&gt;
    """
    return " ".join(text.translate(_SPECIAL).split())
