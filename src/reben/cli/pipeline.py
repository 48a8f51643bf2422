"""`reben pipeline`."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli.console import executor_of, print_json, progress, stderr
from reben.cli.options import Json
from reben.core.errors import PipelineError

if TYPE_CHECKING:
    from reben.pipeline.configuration import CorrectSection
    from reben.pipeline.report import PipelineReport
    from reben.pipeline.tools import Corrected, Tools


def _print_example(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        from reben.pipeline.configuration import example

        typer.echo(example(), nl=False)
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
        typer.echo(f"{output}: see {output / SUMMARY_FILE}")
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
    from reben.pipeline.tools import Corrected

    correction: Any = import_module("reben.correct.correction")
    engine = _engine(settings)
    fitting = correction.workers_that_fit(settings.workers, engine)
    with (
        tools.executor_of("", fitting, preload="reben.correct.sixs") as executor,
        tools.progress("correcting") as begin,
    ):
        result = correction.correct(
            products, output, engine, executor=executor, skip_errors=skip_errors, progress=begin(len(products))
        )
    good = [path for path in products if path.name not in result.failed]
    return Corrected(tuple(engine.product(path, output) for path in good), result.failed)


def _check_correction(settings: "CorrectSection") -> None:
    _engine(settings)


def _engine(settings: "CorrectSection") -> Any:  # noqa: ANN401 - of a package that may be missing
    """What corrects.

    Raises:
        PipelineError: if this installation has no such stage.
        RebenError: if sen2cor is not there.
    """
    if find_spec("reben.correct") is None:
        raise PipelineError("the stage correct is not installed", hint="give L2A products: l2a, or type: L2A in search")
    from reben.io.processes import available_cpus

    if settings.engine == "6s":
        threads = settings.threads or max(1, available_cpus() // settings.workers)
        return import_module("reben.correct.sixs").SixsEngine(settings.dem, threads)
    found = import_module("reben.correct.sen2cor_program").find_sen2cor(settings.sen2cor)
    return import_module("reben.correct.sen2cor").Sen2corEngine(found, settings.time_limit_h * 3600)
