"""Which products become tiles of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reben.construct.acquisitions import sort_out
from reben.core.errors import BuildError, ProductError
from reben.io.safe.folders import find_products, is_product
from reben.io.safe.l2a import SafeProduct, open_product
from reben.rules.quality import quality_failures


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


def plan_build(directories: Sequence[Path], *, skip_errors: bool = False) -> BuildPlan:
    """Find all products and let their quality indicators decide.

    Of an acquisition in several processing baselines the newest is taken; a tile that is split over products of one
    baseline is joined.

    Args:
        directories: folders with products, as folders or zip files; or products themselves.
        skip_errors: list what cannot be read, and go on.

    Raises:
        BuildError: if there is no product, or two of the same acquisition, none of which is plainly the newer one.
        ProductError: if the metadata of one cannot be read, unless errors are skipped.
    """
    for directory in directories:
        if not is_product(directory) and not directory.is_dir():
            raise BuildError(f"{directory}: is not a directory", hint="give a folder with L2A products")
    found = find_products(directories)
    unreadable: dict[str, str] = {}
    products: dict[str, SafeProduct] = {}
    left_out = dict(found.left_out)
    for path in sorted(
        found.products, key=lambda path: path.suffix.lower() == ".zip"
    ):  # folders before their zip files
        try:
            product = open_product(path)
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
            hint="expected folders or zip files named *.SAFE or *.zip",
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
    )
