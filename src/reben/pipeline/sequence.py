"""One stage after the other: what is done is skipped, what fails ends the sequence, and a report tells all of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reben.core.errors import PipelineError, RebenError
from reben.pipeline.configuration import Configuration
from reben.pipeline.report import REPORT_FILE, PipelineReport, StageReport, StageState
from reben.pipeline.stages import Stage, first_products, stages_of
from reben.pipeline.state import State
from reben.work import atomic
from reben.work.context import Context


def run_pipeline(configuration: Configuration, context: Context) -> PipelineReport:
    """Run all stages, or go on where an earlier run ended.

    Args:
        configuration: what to do.
        context: shows progress, gives workers, and called with what begins and what is skipped.

    Raises:
        RebenError: what a stage failed with; the report is written all the same.
        TargetExistsError: if another process runs a pipeline in the same folder.
    """
    configuration = configuration.settled()
    output = configuration.output
    output.mkdir(parents=True, exist_ok=True)
    with atomic.locked(output / "pipeline"):
        state, stages = State(output), stages_of(configuration, context)
        settings = configuration.model_dump(mode="json", by_alias=True, exclude_none=True)
        report = PipelineReport(settings, {stage.name: StageReport() for stage in stages})
        _check(stages, state, report, configuration.output)
        paths = first_products(configuration)
        for number, stage in enumerate(stages, 1):
            said = report.stages[stage.name]
            try:
                with _timed(said):
                    paths = _run(stage, paths, state, said, tell=context.tell)
                    _expect_nothing_missing(stage, said, skip_errors=configuration.skips_errors)
            finally:
                report.write(output)
            context.tell(f"{number}/{len(stages)}  {stage.name}: {said.state.value}, {said.seconds:,.1f} s")
    return report


def _check(stages: Sequence[Stage], state: State, report: PipelineReport, output: Path) -> None:
    """Let no stage begin if a later one cannot work; one that was done before may not need what it needed then.

    Raises:
        RebenError: what would keep a stage from working.
    """
    for stage in stages:
        if not state.was_done(stage.name):
            try:
                with _timed(report.stages[stage.name]):
                    stage.check()
            except BaseException:
                report.write(output)
                raise


@contextmanager
def _timed(said: StageReport) -> Iterator[None]:
    """Note how long the block takes, and how it ends if it does not end well."""
    begun = time.perf_counter()
    try:
        yield
    except (RebenError, OSError) as error:
        said.error = str(error)
        if said.state is StageState.pending:
            said.state = StageState.failed
        raise
    except BaseException:
        said.state = StageState.stopped
        raise
    finally:
        said.seconds = round(time.perf_counter() - begun, 1)


def _run(
    stage: Stage, paths: tuple[Path, ...], state: State, said: StageReport, *, tell: Callable[[str], None]
) -> tuple[Path, ...]:
    """Run a stage, or skip it; what it made. It only counts as done if nothing is missing.

    Raises:
        RebenError: what it failed with.
    """
    inputs = stage.inputs(paths)
    before = state.if_done(stage.name, inputs)
    if before is not None:
        said.state, said.summary = StageState.skipped, before[1]
        return before[0]
    tell(f"{stage.name} ...")
    made = stage.run(paths)
    said.summary, said.missing = made.summary, made.missing
    said.state = StageState.incomplete if made.missing else StageState.done
    paths = tuple(sorted(made.paths))  # downloads end in any order; what is made of them does not depend on it
    if not made.missing:
        state.note(stage.name, inputs, paths, made.summary)
    return paths


def _expect_nothing_missing(stage: Stage, said: StageReport, *, skip_errors: bool) -> None:
    """Check whether the next stage may begin.

    Raises:
        PipelineError: if something is missing, and that is not to be skipped.
    """
    if said.missing and not skip_errors:
        name, reason = next(iter(said.missing.items()))
        others = f", and {len(said.missing) - 1} more" if len(said.missing) > 1 else ""
        raise PipelineError(
            f"{stage.name}: {name}: {reason}{others}",
            hint=f"the same command resumes it; {REPORT_FILE} names all; on_error: skip goes on without them",
        )
