"""Draw the table of rows in docs/backbones.md.

python tools/draw_backbones.py           writes it
python tools/draw_backbones.py --check   exit code 1 if it is not what the document has
"""

import sys
from pathlib import Path

from reben.core.markdown import table
from reben.learn.backbones.row import Backbone
from reben.learn.backbones.table import BACKBONES

DOCUMENT = Path(__file__).parents[1] / "docs" / "backbones.md"
MARK = "<!-- rows: python tools/draw_backbones.py -->\n"
_HEAD = ("name", "bands", "values", "image", "vector", "weights", "trained on", "further inputs", "licence", "source")


def main() -> int:
    """Write the table, or compare it."""
    known = DOCUMENT.read_text(encoding="utf-8")
    page = known.partition(MARK)[0] + MARK + "\n" + rows()
    if "--check" in sys.argv:
        if page != known:
            print(f"{DOCUMENT.name} does not show the table of now: python tools/draw_backbones.py")
        return int(page != known)
    DOCUMENT.write_text(page, encoding="utf-8")
    return 0


def rows() -> str:
    """All rows of this package, as Markdown."""
    return table(_HEAD, [_cells(BACKBONES[name]) for name in BACKBONES.own])


def _cells(row: Backbone) -> list[str]:
    steps = [f"resized to {row.resize_px} px"] if row.resize_px else []
    steps += [f"middle {row.crop_px} px"] if row.crop_px and row.resize_px else []
    missing = "".join(f" ({name}: {value:g})" for name, value in row.missing.items())
    return [
        row.name,
        " ".join(row.channels) + missing,
        row.values.unit,
        ", ".join(steps) or "as it is",
        f"{row.dimensions or ''} {row.pool}".strip(),
        f"{row.parameters / 1e6:.1f} M" if row.parameters else "",
        row.radiometry,
        row.extra,
        row.licence,
        row.citation or row.repository,
    ]


if __name__ == "__main__":
    sys.exit(main())
