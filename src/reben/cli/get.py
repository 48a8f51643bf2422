"""`reben get`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli.console import context, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.core.wording import in_bytes
from reben.get.options import GetOptions

if TYPE_CHECKING:
    from reben.get.stage import GetPlan

_SHOWN = 20


@with_options_of(GetOptions)
def get(
    output: Annotated[Path, typer.Option(help="Data folder to make, or to add to.", show_default=False)],
    tables: Annotated[
        list[Path] | None,
        typer.Option(
            help="Metadata table of another data set than reBEN; may be repeated.",
            show_default=False,
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be got and what it takes, and make nothing.")
    ] = False,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Get any part of the published reBEN: chosen patches, straight into a store.

    Only what is wanted is fetched. The same command resumes; one that asks for more adds what is missing. The folder
    is what --data of other commands takes.

    Examples:
    reben get --country Lithuania --season summer --limit 500 --output lithuania

    reben get --per-class 500 --bands s2 --output balanced

    reben get --where "tile = '33UUP' and has(labels, 'Pastures')" --dry-run --output pastures

    reben get --source archives --output reben
    """
    from reben.get.stage import expect_output, plan_get
    from reben.get.stage import get as bring

    options = options_from(GetOptions, **settings)
    given = tables or []
    if dry_run:
        plan = plan_get(options, context(), tables=given)
        expect_output(output, plan, options)
        _print_plan(plan, output, options)
        return
    got = bring(output, options, context(), tables=given)
    for kind, count in got.report.values.items():
        say(f"{count:>9,} {_NAMES[kind]}")
    if not got.added:
        stderr.print(f"{output} has everything already", markup=False)
    say(f"{got.report.patches:>9,} patches in {output}: reben train --data {output} --output RUN")


_NAMES = {"s2": "Sentinel-2 patches", "s1": "Sentinel-1 patches", "maps": "reference maps"}


def _print_plan(plan: "GetPlan", output: Path, options: GetOptions) -> None:
    """Patches per split, country and label, and what getting them takes."""
    from reben.get.estimate import estimate

    for name, counts in plan.counts().items():
        say(f"patches per {name}:")
        for value, count in list(counts.items())[:_SHOWN]:
            say(f"{count:>9,}  {value}")
    say("values:")
    for kind, count in plan.wanted.counts.items():
        say(f"{count:>9,}  {_NAMES[kind]}")
    found = estimate(plan, parallel=options.parallel)
    for line in found.lines():
        say(line)
    size, free = in_bytes(plan.wanted.disk_bytes), in_bytes(found.free_bytes(output))
    say(f"store in {output}: about {size}; {free} are free")
