"""The leaderboard as files in a folder: Markdown, CSV, LaTeX, and one HTML page."""

from collections.abc import Sequence
from pathlib import Path

from reben.benchmark import tables
from reben.benchmark.comparison import Comparison, compare
from reben.benchmark.others import read_claims
from reben.benchmark.page import as_html
from reben.work import atomic


def write_leaderboard(
    results: Sequence[Path], output: Path, *, others: Path | None = None, resamples: int = 1000
) -> Comparison:
    """Compare result files, and write `leaderboard.md`, `.csv`, `.tex`, `.html` and `differences.csv`.

    Args:
        results: files of `reben probe` and `reben evaluate`.
        output: folder, made if it is not there.
        others: CSV file with scores that others report.
        resamples: of whole tiles, for intervals.

    Raises:
        BenchmarkError: if a file cannot be read, or results are not of the same patches.
    """
    claims = [] if others is None else read_claims(others)
    found = compare(results, resamples=resamples)
    output.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("leaderboard.md", tables.as_markdown(found)),
        ("leaderboard.csv", tables.as_csv(found)),
        ("differences.csv", tables.differences_as_csv(found)),
        ("leaderboard.tex", tables.as_latex(found)),
        ("leaderboard.html", as_html(found, claims)),
    ):
        atomic.write_text(output / name, text)
    return found
