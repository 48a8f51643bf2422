"""The correction as a stage: products, engine and workers as options say, for the command and the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reben.core.wording import left_out_lines
from reben.correct.correction import CorrectionResult, choose_l1c, correct, workers_that_fit
from reben.correct.engines import engine_of
from reben.correct.options import CorrectOptions
from reben.work.context import Context

_PRELOAD = "reben.correct.sixs.engine"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of L1C products."""

    result: CorrectionResult
    made: tuple[Path, ...]
    """L2A products, those that were there already among them."""
    left_out: dict[str, str]
    """Why what else lies beside the products was not corrected, by its path."""


def correct_products(
    places: Sequence[Path], output: Path, options: CorrectOptions, context: Context | None = None
) -> Corrected:
    """Make an L2A product of each L1C product, if it is not there.

    Args:
        places: products (`.SAFE` or `.zip`), or folders with some.
        output: folder for the L2A products.
        options: how to correct them.
        context: shows progress, shows warnings, and starts workers.

    Raises:
        CorrectionError: if there is no product or no engine, or a worker died.
        RebenError: what was wrong with a product, unless errors are skipped.
    """
    context = context or Context()
    engine = engine_of(options, context.tell)
    choice = choose_l1c(places)
    for line in left_out_lines(choice.left_out):
        context.tell(line)
    workers = options.workers if options.scheduler else workers_that_fit(options.workers, engine)
    if workers < options.workers:
        context.tell(f"warning: there is memory for {workers} of {options.workers} products at a time")
    with (
        context.executor_of(options.scheduler, workers, preload=_PRELOAD) as executor,
        context.progress("correcting") as begin,
    ):
        result = correct(
            choice.products,
            output,
            engine,
            executor=executor,
            skip_errors=options.on_error == "skip",
            progress=begin(len(choice.products)),
        )
    for record in result.corrected.values():
        for fallback in record.fallbacks:
            context.tell(f"fallback: {record.product}: {fallback}")
    made = [engine.find_finished(path, output) for path in choice.products if path.name not in result.failed]
    return Corrected(result, tuple(path for path in made if path is not None), choice.left_out)
