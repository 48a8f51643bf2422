"""Which products become tiles of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reben.construct.acquisitions import sort_out
from reben.core.errors import BuildError, ProductError
from reben.core.wording import first_of
from reben.io.l2a_sources import find_l2a, open_l2a
from reben.io.safe.folders import is_product
from reben.io.stac.items import file_of
from reben.rules.quality import quality_failures

if TYPE_CHECKING:
    from reben.io.l2a_product import L2aProduct


@dataclass(frozen=True)
class BuildPlan:
    """Which products become tiles."""

    tiles: dict[str, Path]
    """Product by tile id, sorted."""
    rejected: dict[str, list[str]]
    """Failed quality indicators by tile id."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Errors of products that cannot be read, by their file name, if errors are skipped."""
    further: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """Further products by tile id, of tiles that are split over several."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why what else lies in the folders is not used, by its path."""
    unjudged: tuple[str, ...] = ()
    """Tiles whose catalogue does not tell their quality indicators."""

    def remarks(self) -> tuple[str, ...]:
        """What users should know of the products."""
        if not self.unjudged:
            return ()
        tiles = first_of(self.unjudged)
        return (f"{tiles}: quality indicators were not checked, because STAC items do not tell them",)


def plan_build(directories: Sequence[Path], *, skip_errors: bool = False) -> BuildPlan:
    """Find all products and let their quality indicators decide.

    Of an acquisition in several processing baselines the newest is taken; a tile that is split over products of one
    baseline is joined.

    Args:
        directories: folders with products, as folders or zip files; products themselves; or files of STAC items.
        skip_errors: list what cannot be read, and go on.

    Raises:
        BuildError: if there is no product, or two of the same acquisition, none of which is plainly the newer one.
        ProductError: if the metadata of one cannot be read, unless errors are skipped.
    """
    for directory in directories:
        if not is_product(directory) and not directory.is_dir() and file_of(directory) is None:
            raise BuildError(
                f"{directory}: is not a directory", hint="give a folder with L2A products, or a file of STAC items"
            )
    found = find_l2a(directories)
    unreadable: dict[str, str] = {}
    products: dict[str, L2aProduct] = {}
    left_out = dict(found.left_out)
    for path in sorted(
        found.products, key=lambda path: path.suffix.lower() == ".zip"
    ):  # folders before their zip files
        try:
            product = open_l2a(path)
        except ProductError as error:
            if not skip_errors:
                raise
            unreadable[path.name] = str(error)
            continue
        name = str(product.name).removesuffix(".SAFE")
        if name in products:
            left_out[str(path)] = f"is the same product as {products[name].path}"
        else:
            products[name] = product
    if not products:
        places = ", ".join(map(str, directories)) or "nowhere"
        raise BuildError(
            f"no readable L2A product found in {places}" if unreadable else f"no L2A product found in {places}",
            hint="expected folders or zip files named *.SAFE or *.zip, or a file of STAC items",
        )
    acquisitions = sort_out(list(products.values()), skip_errors=skip_errors)
    rejected = {
        tile: failures
        for tile, parts in acquisitions.tiles.items()
        if (failures := [failure for part in parts for failure in quality_failures(part.quality)])
    }
    kept = {tile: parts for tile, parts in sorted(acquisitions.tiles.items()) if tile not in rejected}
    return BuildPlan(
        {tile: parts[0].path for tile, parts in kept.items()},
        rejected,
        unreadable | acquisitions.unreadable,
        {tile: tuple(part.path for part in parts[1:]) for tile, parts in kept.items() if parts[1:]},
        left_out | acquisitions.left_out,
        tuple(tile for tile, parts in kept.items() if any(part.quality is None for part in parts)),
    )
