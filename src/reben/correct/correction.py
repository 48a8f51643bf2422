"""Many L1C products to L2A, by either engine: what is there already is left alone, what fails is named."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reben.core import baselines
from reben.core.errors import CorrectionError, NameFormatError, RebenError
from reben.core.names import Product, Tile
from reben.io.product_folders import find_products, is_product

Report = dict[str, Any]


class Engine(Protocol):
    """What corrects one product; it is sent to other processes."""

    @property
    def memory_bytes(self) -> int:
        """That a full-size product takes."""
        ...

    def product(self, l1c: Path, output: Path) -> Path | None:
        """The finished L2A product of an L1C product, if it is in `output`."""
        ...

    def correct(self, l1c: Path, output: Path) -> Report:
        """Make the L2A product in `output`; what is to be said of it."""
        ...


@dataclass
class CorrectionResult:
    """What became of the products, by the name of the L1C product's file or folder."""

    corrected: dict[str, Report] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    """Those that had been corrected before."""
    failed: dict[str, str] = field(default_factory=dict)
    """Errors, if they were skipped."""


def find_l1c(paths: Sequence[Path]) -> list[Path]:
    """Products in the order given; those of a folder sorted by name.

    Args:
        paths: products (`.SAFE` or `.zip`), or folders with some.

    Raises:
        CorrectionError: if a folder is missing or has none, or two products have the same name.
    """
    older = superseded([product for path in paths for product in _products_at(path)])
    found = [product for path in paths for product in _products_at(path) if product not in older]
    names = [path.stem for path in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CorrectionError(f"{', '.join(twice)}: given twice", hint="give each product once")
    return found


def not_taken(paths: Sequence[Path]) -> dict[str, str]:
    """Why what else lies in the folders is none of `find_l1c`, by its path.

    Args:
        paths: as given to it.
    """
    found = find_products(paths)
    return found.left_out | {str(path): reason for path, reason in superseded(found.products).items()}


def superseded(products: Sequence[Path]) -> dict[Path, str]:
    """Products whose acquisition is there in a newer processing baseline, too, by their names."""
    tiles: dict[Path, Tile] = {}
    for path in products:
        with suppress(NameFormatError):  # it was renamed; its metadata know
            tiles[path] = Product.parse(path.name.removesuffix(path.suffix)).tile
    return baselines.superseded(tiles)


def correct(
    products: Sequence[Path],
    output: Path,
    engine: Engine,
    *,
    executor: Executor,
    skip_errors: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> CorrectionResult:
    """Correct all products that have not been corrected before.

    Args:
        products: L1C products.
        output: folder for the L2A products.
        engine: how to correct.
        executor: runs products, in other processes or on other machines that see the same files.
        skip_errors: go on with the next product after an error.
        progress: is told how many further products are done.

    Raises:
        CorrectionError: if a worker died.
        RebenError: what was wrong with a product, unless errors are skipped.
    """
    output.mkdir(parents=True, exist_ok=True)
    result = CorrectionResult()
    running = {}
    try:
        for path in products:
            try:
                present = engine.product(path, output)
            except RebenError as error:
                _note(result, path, error, skip_errors=skip_errors)
                progress(1)
                continue
            if present is None:
                running[executor.submit(engine.correct, path, output)] = path
            else:
                result.present.append(path.name)
                progress(1)
        for future in as_completed(running):
            path = running[future]
            try:
                result.corrected[path.name] = future.result()
            except RebenError as error:
                _note(result, path, error, skip_errors=skip_errors)
            except BrokenExecutor as error:
                raise CorrectionError(
                    f"a worker died while it corrected {path.name} ({error})",
                    hint="it may have run out of memory; the same command goes on, perhaps with fewer --workers",
                ) from error
            progress(1)
    finally:
        for future in running:
            future.cancel()
    return result


def workers_that_fit(wanted: int, engine: Engine) -> int:
    """As many workers as are wanted, but no more than there is free memory for, and one at least."""
    free_bytes = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (available,) = (line for line in lines if line.startswith("MemAvailable:"))
        free_bytes = int(available.split()[1]) * 1024  # what the page cache holds is free, too
    except (OSError, ValueError):
        pass  # no Linux
    return max(1, min(wanted, free_bytes // engine.memory_bytes))


def _products_at(path: Path) -> tuple[Path, ...]:
    if not is_product(path) and not path.is_dir():
        raise CorrectionError(f"{path}: is no directory", hint="give L1C products (.SAFE, .zip) or folders with some")
    found = find_products([path]).products
    folders = {_name(product) for product in found if product.is_dir()}
    # A download that was killed may leave the zip file of which it has just made the folder.
    products = tuple(product for product in found if product.is_dir() or _name(product) not in folders)
    if not products:
        raise CorrectionError(f"{path}: has no L1C product", hint="expected folders or zip files named *.SAFE or *.zip")
    return products


def _name(product: Path) -> str:
    """A product's name without the endings of folders and zip files."""
    name = product.name
    return name[: -len(".zip")].removesuffix(".SAFE") if name.lower().endswith(".zip") else name.removesuffix(".SAFE")


def _note(result: CorrectionResult, path: Path, error: RebenError, *, skip_errors: bool) -> None:
    """Keep an error in mind.

    Raises:
        RebenError: the error, unless errors are skipped.
    """
    if not skip_errors:
        raise error
    result.failed[path.name] = str(error)
