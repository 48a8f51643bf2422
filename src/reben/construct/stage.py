"""The build as a stage: inputs, products and workers as options say, for the command and the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reben.construct.build import BuildResult, build
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.plan import BuildPlan, plan_build
from reben.core.wording import left_out_lines
from reben.work.context import Context


@dataclass(frozen=True, slots=True)
class Built:
    """Which products were found, and what became of them."""

    plan: BuildPlan
    result: BuildResult


def build_dataset(l2a: Sequence[Path], target: Path, options: BuildOptions, context: Context | None = None) -> Built:
    """Build a data set of all products in some folders, or resume one.

    Args:
        l2a: folders with L2A products, products themselves, or files of STAC items.
        target: folder to create.
        options: what else is read, the rules, and how the work is done.
        context: shows progress, shows warnings, and starts workers.

    Raises:
        TargetExistsError: if there is something else at `target`, or another process is writing it.
        BuildError: if options do not fit together or to an unfinished build, or no patch is left.
        RebenError: what was wrong with a file or a tile.
    """
    context = context or Context()
    inputs = BuildInputs(tuple(l2a), options).resolved()
    remarks = inputs.load().remarks()  # whatever is wrong with the inputs shows here, before a worker starts
    for remark in remarks:
        context.tell(f"warning: {remark}")
    plan = plan_build(inputs.l2a, skip_errors=options.skips_errors)
    for line in (*_lines(plan), *(f"note: {remark}" for remark in plan.remarks())):
        context.tell(line)
    with (
        context.executor_of(options.scheduler, options.workers, preload="reben.construct.build") as executor,
        context.progress("building") as begin,
    ):
        progress = begin(len(plan.tiles))
        result = build(plan, inputs, target, executor=executor, remarks=(*remarks, *plan.remarks()), progress=progress)
    return Built(plan, result)


def _lines(plan: BuildPlan) -> list[str]:
    """What people should know of the products before hours of work."""
    return [
        *left_out_lines(plan.left_out),
        *(
            f"joined: {tile}: {plan.tiles[tile]} with {', '.join(map(str, paths))}"
            for tile, paths in plan.further.items()
        ),
        *(f"rejected: {tile}: {', '.join(reasons)}" for tile, reasons in plan.rejected.items()),
    ]
