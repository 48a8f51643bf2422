"""Pictures as files: in the format that their ending says."""

from pathlib import Path

from matplotlib.figure import Figure

from reben.work import atomic

_DPI = 150


def save_figure(figure: Figure, target: Path, *, dpi: int = _DPI) -> None:
    """Write a figure; it appears whole or not at all.

    Args:
        figure: to write.
        target: file to write (.png, .pdf, .svg); without an ending it is a PNG.
        dpi: pixels per inch, of PNG and of what is drawn as pixels in the others.
    """
    with atomic.new_file(target) as partial:
        figure.savefig(partial, format=target.suffix.lower().removeprefix(".") or "png", dpi=dpi)
