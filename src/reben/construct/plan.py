"""Which products become tiles of a data set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reben.core.errors import BuildError, ProductError
from reben.core.quality import quality_failures
from reben.io.safe import open_product


@dataclass(frozen=True)
class BuildPlan:
    """Which products become tiles."""

    tiles: dict[str, Path]
    """Product by tile id, sorted."""
    rejected: dict[str, list[str]]
    """Failed quality indicators by tile id."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Errors of products that cannot be read, by their file name, if errors are skipped."""


def plan_build(directories: Sequence[Path], *, skip_errors: bool = False) -> BuildPlan:
    """Find all products and let their quality indicators decide.

    Args:
        directories: folders with `.SAFE` products, as folders or zip files; or products themselves.
        skip_errors: list what cannot be read, and go on.

    Raises:
        BuildError: if there is no product, or two of the same tile and time.
        ProductError: if the metadata of one cannot be read, unless errors are skipped.
    """
    tiles: dict[str, Path] = {}
    rejected: dict[str, list[str]] = {}
    unreadable: dict[str, str] = {}
    for path in _find_products(directories):
        try:
            product = open_product(path)
        except ProductError as error:
            if not skip_errors:
                raise
            unreadable[path.name] = str(error)
            continue
        tile = str(product.name.tile)
        if tile in tiles:
            raise BuildError(
                f"{tile}: there are two products of the same tile and time: {tiles[tile]} and {path}",
                hint="keep the one that was processed last",
            )
        tiles[tile] = path
        failures = quality_failures(product.quality)
        if failures:
            rejected[tile] = failures
    if not tiles:
        places = ", ".join(map(str, directories)) or "nowhere"
        raise BuildError(
            f"no readable L2A product found in {places}" if unreadable else f"no L2A product found in {places}",
            hint="expected folders or zip files named *.SAFE or *.zip",
        )
    return BuildPlan({tile: tiles[tile] for tile in sorted(tiles) if tile not in rejected}, rejected, unreadable)


def _find_products(directories: Sequence[Path]) -> Iterator[Path]:
    for directory in directories:
        if directory.suffix in {".SAFE", ".zip"}:
            yield directory
        elif not directory.is_dir():
            raise BuildError(f"{directory}: is no directory", hint="give a folder with L2A products")
        else:
            yield from sorted(path for path in directory.iterdir() if path.suffix in {".SAFE", ".zip"})
