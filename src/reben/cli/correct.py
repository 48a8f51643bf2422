"""`reben correct`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import executor_of, print_json, print_left_out, progress, say, stderr
from reben.cli.options import Json, OnError
from reben.core.wording import first_of
from reben.correct.sixs.adjacency_range import FARTHEST_M, RANGE_M

if TYPE_CHECKING:
    from reben.correct.correction import CorrectionResult, Engine

_ATMOSPHERE, _WORK = "Atmosphere", "Work"


class EngineName(StrEnum):
    """Which engine."""

    sen2cor = "sen2cor"
    sixs = "6s"


def correct(
    l1c: Annotated[
        list[Path], typer.Argument(help="L1C products (.SAFE or zipped), or folders with some.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="Folder for the L2A products.", show_default=False)],
    engine: Annotated[
        EngineName, typer.Option(help="sen2cor: ESA's program, to be installed. 6s: embedded, an approximation.")
    ] = EngineName.sen2cor,
    dem: Annotated[
        Path | None,
        typer.Option(
            help="Digital elevation model in metres, any CRS, for 6s; else sea level.",
            exists=True,
            rich_help_panel=_ATMOSPHERE,
        ),
    ] = None,
    adjacency_range: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=FARTHEST_M,
            help="Metres to which neighbouring ground lights up a pixel, for 6s; 0 leaves its light in.",
            rich_help_panel=_ATMOSPHERE,
        ),
    ] = RANGE_M,
    sen2cor: Annotated[
        Path | None,
        typer.Option(
            help="L2A_Process, or the folder of its installation; else PATH or SEN2COR_HOME.",
            rich_help_panel=_ATMOSPHERE,
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=0.0, help="Hours after which sen2cor is stopped.", rich_help_panel=_WORK)
    ] = 4.0,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Products at a time, as far as memory allows (6s: 2.5 GB each, sen2cor: 8 GB).",
            rich_help_panel=_WORK,
        ),
    ] = 1,
    scheduler: Annotated[
        str, typer.Option(help="Correct on a Dask cluster: address of its scheduler.", rich_help_panel=_WORK)
    ] = "",
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads per product; by default all processors, shared by the workers.", rich_help_panel=_WORK
        ),
    ] = None,
    checksums: options.Checksums = True,
    on_error: Annotated[
        OnError, typer.Option(help="Whether to go on with the next product.", rich_help_panel=_WORK)
    ] = OnError.stop,
    json: Json = None,
) -> None:
    """Correct Sentinel-2 L1C products for the atmosphere.

    Products that are in the output folder already are left alone: give the same command again to go on.
    """
    from reben.correct import correction
    from reben.correct.sixs.engine import SixsEngine
    from reben.work.processes import available_cpus

    chosen: Engine
    if engine is EngineName.sixs:
        threads = threads or (1 if scheduler else max(1, available_cpus() // workers))
        chosen = SixsEngine(dem, threads, checksums, adjacency_range)
    else:
        chosen = sen2cor_engine(sen2cor, time_limit * 3600, checksums=checksums)
    choice = correction.choose_l1c(l1c)
    print_left_out(choice.left_out)
    fitting = workers if scheduler else correction.workers_that_fit(workers, chosen)
    if fitting < workers:
        stderr.print(f"warning: there is memory for {fitting} of {workers} products at a time", markup=False)
    with (
        executor_of(scheduler, fitting, preload="reben.correct.sixs.engine") as executor,
        progress("correcting") as start,
    ):
        result = correction.correct(
            choice.products,
            output,
            chosen,
            executor=executor,
            skip_errors=on_error is OnError.skip,
            progress=start(len(choice.products)),
        )
    _print_result(result, output, json, checksums=checksums)


def sen2cor_engine(given: Path | None, time_limit_s: float, *, checksums: bool) -> "Engine":
    """The engine sen2cor, with a warning if it is of another version than expected.

    Raises:
        CorrectionError: if it is not there.
    """
    from reben.correct.sen2cor.engine import Sen2corEngine
    from reben.correct.sen2cor.program import EXPECTED_VERSION, find_sen2cor

    found = find_sen2cor(given)
    if not found.is_expected:
        stderr.print(f"warning: this is sen2cor {found.version}; {EXPECTED_VERSION} was expected", markup=False)
    return Sen2corEngine(found, time_limit_s, checksums=checksums)


def print_fallbacks(result: "CorrectionResult") -> None:
    """What was not read from the images, per product, on standard error."""
    for report in result.corrected.values():
        for fallback in report.get("fallbacks", ()):
            stderr.print(f"fallback: {report['product']}: {fallback}", markup=False)


def _print_result(result: "CorrectionResult", output: Path, json: Path | None, *, checksums: bool) -> None:
    """Products on standard output, failures on standard error; exit code 1 if there are any.

    Raises:
        Exit: if a product failed.
    """
    if json is not None:
        print_json(json, {"corrected": result.corrected, "present": result.present, "failed": result.failed})
    else:
        for report in result.corrected.values():
            say(output / report["product"])
    print_fallbacks(result)
    bare = [report["from"] for report in result.corrected.values() if not report["compared with"]]
    if bare and checksums:
        stderr.print(f"note: {first_of(bare)}: without checksums; damage in images may go unnoticed", markup=False)
    stderr.print(
        f"{len(result.corrected)} corrected, {len(result.present)} there already, {len(result.failed)} failed",
        markup=False,
    )
    for name, message in result.failed.items():
        stderr.print(f"failed: {name}: {message}", markup=False)
    if result.failed:
        raise typer.Exit(1)
