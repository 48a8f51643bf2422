"""Many L1C products to L2A, by either engine: what is there already is left alone, what fails is named."""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from reben.core.errors import CorrectionError, NameFormatError, RebenError
from reben.core.names import ProductName, TileName
from reben.correct.report import CorrectionRecord
from reben.io.safe.folders import FoundProducts, find_products, is_product
from reben.rules.baselines import superseded
from reben.work.memory import free_memory_bytes
from reben.work.progress import Advance, unseen
from reben.work.run_all import run_all


class Engine(Protocol):
    """What corrects one product; it is sent to other processes."""

    @property
    def memory_bytes(self) -> int:
        """That a full-size product takes."""
        ...

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        """The finished L2A product of an L1C product, if it is in `output`."""
        ...

    def correct(self, l1c: Path, output: Path) -> CorrectionRecord:
        """Make the L2A product in `output`; what is to be said of it."""
        ...


@dataclass
class CorrectionResult:
    """What became of the products, by the name of the L1C product's file or folder."""

    corrected: dict[str, CorrectionRecord] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    """Those that had been corrected before."""
    failed: dict[str, str] = field(default_factory=dict)
    """Errors, if they were skipped."""


@dataclass(frozen=True)
class L1cChoice:
    """Which products are corrected."""

    products: tuple[Path, ...]
    """In the order of the places, those of each sorted by name."""
    left_out: dict[str, str]
    """Why what else is there is not, by its path."""


def choose_l1c(places: Sequence[Path]) -> L1cChoice:
    """Each product once, the newest processing baseline of each acquisition.

    A product's folder is taken rather than its zip file: a download that was killed may leave both.

    Args:
        places: products (`.SAFE` or `.zip`), or folders with some.

    Raises:
        CorrectionError: if a folder is missing, or has none.
    """
    found = [_products_at(place) for place in places]
    products = [path for one in found for path in one.products]
    left_out = {path: reason for one in found for path, reason in one.left_out.items()}
    taken: dict[Path, Path] = {}
    for path in sorted(products, key=Path.is_file):  # folders first
        taken.setdefault(_identity(path), path)
    older = _superseded(taken.values())
    for path in products:
        twin = taken[_identity(path)]
        if path != twin:
            left_out[str(path)] = f"is there as {twin}, too"
        elif path in older:
            left_out[str(path)] = older[path]
    chosen = dict.fromkeys(path for path in products if str(path) not in left_out)
    return L1cChoice(tuple(chosen), left_out)


def _identity(product: Path) -> Path:
    """What two places of one product have in common: its name, or where it lies if it was renamed."""
    name = _name(product)
    try:
        ProductName.parse(name)
    except NameFormatError:
        return product.absolute().with_name(name)
    return Path(name)


def _superseded(products: Iterable[Path]) -> dict[Path, str]:
    """Products whose acquisition is there in a newer processing baseline, too, by their names."""
    tiles: dict[Path, TileName] = {}
    for path in products:
        with suppress(NameFormatError):  # it was renamed; its metadata know
            tiles[path] = ProductName.parse(_name(path)).tile
    return superseded(tiles)


def correct(
    products: Sequence[Path],
    output: Path,
    engine: Engine,
    *,
    executor: Executor,
    skip_errors: bool = False,
    progress: Advance = unseen,
) -> CorrectionResult:
    """Correct all products that have not been corrected before.

    Args:
        products: L1C products.
        output: folder for the L2A products.
        engine: how to correct.
        executor: runs products, in other processes or on other machines that see the same files.
        skip_errors: continue with the next product after an error.
        progress: called with the number of products just finished.

    Raises:
        CorrectionError: if a worker died.
        RebenError: what was wrong with a product, unless errors are skipped.
    """
    output.mkdir(parents=True, exist_ok=True)
    result = CorrectionResult()
    missing = []
    for path in products:
        try:
            present = engine.find_finished(path, output)
        except RebenError as error:
            _note(result, path, error, skip_errors=skip_errors)
            progress(1)
            continue
        if present is None:
            missing.append(path)
        else:
            result.present.append(path.name)
            progress(1)
    for path, outcome in run_all(executor, partial(engine.correct, output=output), missing, death=_death):
        if isinstance(outcome, RebenError):
            _note(result, path, outcome, skip_errors=skip_errors)
        else:
            result.corrected[path.name] = outcome
        progress(1)
    return result


def _death(path: Path) -> CorrectionError:
    return CorrectionError(f"a worker died while it corrected {path.name}")


def workers_that_fit(wanted: int, engine: Engine) -> int:
    """As many workers as are wanted, but no more than there is free memory for, and one at least."""
    return max(1, min(wanted, free_memory_bytes() // engine.memory_bytes))


def _products_at(place: Path) -> FoundProducts:
    if not is_product(place) and not place.is_dir():
        raise CorrectionError(
            f"{place}: is not a directory", hint="give L1C products (.SAFE, .zip) or folders with some"
        )
    found = find_products([place])
    if not found.products:
        raise CorrectionError(
            f"{place}: has no L1C product", hint="expected folders or zip files named *.SAFE or *.zip"
        )
    return found


def _name(product: Path) -> str:
    """A product's name without the endings of folders and zip files."""
    return re.sub(r"(\.safe)?(\.zip)?$", "", product.name, flags=re.IGNORECASE)


def _note(result: CorrectionResult, path: Path, error: RebenError, *, skip_errors: bool) -> None:
    """Keep an error in mind.

    Raises:
        RebenError: the error, unless errors are skipped.
    """
    if not skip_errors:
        raise error
    result.failed[path.name] = str(error)
