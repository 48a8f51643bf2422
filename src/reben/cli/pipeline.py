"""`reben pipeline`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli.console import executor_of, print_json, progress, say, stderr
from reben.cli.correct import print_fallbacks, sen2cor_engine
from reben.cli.options import Json

if TYPE_CHECKING:
    from reben.correct.correction import Engine
    from reben.pipeline.configuration import CorrectSection
    from reben.pipeline.report import PipelineReport
    from reben.pipeline.tools import Corrected, Tools


def _print_example(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        from reben.pipeline.configuration import example

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

    Stages that are done are skipped; what was stopped goes on when the same command is given again.
    """
    from reben.pipeline.configuration import read_configuration
    from reben.pipeline.sequence import run_pipeline
    from reben.pipeline.tools import Tools

    settings = read_configuration(configuration)
    tools = Tools(progress, executor_of, _correct, _check_correction)
    report = run_pipeline(settings, tools, tell=lambda words: stderr.print(words, markup=False))
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


def _correct(
    products: Sequence[Path], output: Path, settings: "CorrectSection", *, skip_errors: bool, tools: "Tools"
) -> "Corrected":
    """What `reben correct` does.

    Raises:
        RebenError: what was wrong with a product, unless errors are skipped.
    """
    from reben.correct import correction
    from reben.pipeline.tools import Corrected

    engine = _engine(settings)
    fitting = correction.workers_that_fit(settings.workers, engine)
    with (
        tools.executor_of("", fitting, preload="reben.correct.sixs.engine") as executor,
        tools.progress("correcting") as begin,
    ):
        result = correction.correct(
            products, output, engine, executor=executor, skip_errors=skip_errors, progress=begin(len(products))
        )
    print_fallbacks(result)
    made = [engine.product(path, output) for path in products if path.name not in result.failed]
    return Corrected(tuple(path for path in made if path is not None), result.failed)


def _check_correction(settings: "CorrectSection") -> None:
    _engine(settings)


def _engine(settings: "CorrectSection") -> "Engine":
    """What corrects.

    Raises:
        CorrectionError: if sen2cor is not there.
    """
    from reben.correct.sixs.engine import SixsEngine
    from reben.work.processes import available_cpus

    if settings.engine == "6s":
        threads = settings.threads or max(1, available_cpus() // settings.workers)
        return SixsEngine(settings.dem, threads, settings.checksums, settings.adjacency_range)
    return sen2cor_engine(settings.sen2cor, settings.time_limit_h * 3600, checksums=settings.checksums)
