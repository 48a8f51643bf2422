"""`reben pipeline`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli.console import context, print_json, say, stderr
from reben.cli.options import Json

if TYPE_CHECKING:
    from reben.pipeline.report import PipelineReport


def _print_example(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        from reben.pipeline.example import example

        say(example(), nl=False)
        raise typer.Exit


def pipeline(
    configuration: Annotated[Path, typer.Argument(help="YAML file; see --example.", show_default=False)],
    example: Annotated[  # noqa: ARG001 - its callback prints
        bool, typer.Option("--example", callback=_print_example, is_eager=True, help="Print a configuration and exit.")
    ] = False,
    json: Json = None,
) -> None:
    """Search, download, correct, build and encode, as one configuration says.

    Stages that are done are skipped; what was stopped resumes when the same command is given again.
    """
    from reben.pipeline.configuration import read_configuration
    from reben.pipeline.sequence import run_pipeline

    settings = read_configuration(configuration)
    report = run_pipeline(settings, context())
    if json is not None:
        print_json(json, report.as_json())
    _print_result(report, settings.output, to_stdout=json is None)


def _print_result(report: "PipelineReport", output: Path, *, to_stdout: bool) -> None:
    """Where everything is, on standard output; what is missing, on standard error.

    Raises:
        Exit: if a stage did not do all of its work.
    """
    from reben.pipeline.report import SUMMARY_FILE

    if to_stdout:
        say(f"{output}: see {output / SUMMARY_FILE}")
    for name, stage in report.stages.items():
        for what, why in stage.missing.items():
            stderr.print(f"missing after {name}: {what}: {why}", markup=False)
    if not report.is_complete:
        raise typer.Exit(1)
