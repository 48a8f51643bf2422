"""`reben probe`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.benchmark.options import ProbeOptions
from reben.cli import options
from reben.cli.console import needs_extra, progress, say
from reben.cli.from_model import options_from, with_options_of


@with_options_of(ProbeOptions)
def probe(
    embeddings: Annotated[
        list[Path], typer.Argument(help="Tables that `reben embed` wrote, of all three splits.", show_default=False)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--json",
            callback=options.writable,
            help="Result file to write, for `reben leaderboard`; predictions are written beside it.",
            show_default=False,
        ),
    ] = None,
    data: options.Data = None,
    metadata: options.Metadata = None,
    lists: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file with the training patches of each fraction and seed: used if it is there, else written.",
            show_default=False,
        ),
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Measure what embeddings are worth: simple learners on them, with what is to be chosen chosen on validation.

    Labels and splits come from the metadata tables. `reben leaderboard` compares result files.
    """
    chosen = options_from(ProbeOptions, **settings)
    options.expect_ending(output, (".json",), "--json")
    options.expect_ending(lists, (".parquet",), "--lists")
    tables = _tables(data, metadata)
    with needs_extra("learn"):
        from reben.benchmark.probe import probe as measure

    with progress("probing") as start:
        runs = measure(embeddings, metadata=tables, output=output, options=chosen, lists=lists, start=start)
    for run in runs:
        interval = run.intervals.get("ap_macro")
        between = f" [{interval.low:.4f}, {interval.high:.4f}]" if interval is not None else ""
        say(
            f"{run.model.name}\t{run.method}\t{run.fraction:g}\tseed {run.seed}\t"
            f"macro AP {run.scores['ap_macro']:.4f}{between}\tmicro AP {run.scores['ap_micro']:.4f}\t"
            f"chance {run.chance_ap_macro:.4f}"
        )


def _tables(data: Path | None, metadata: list[Path] | None) -> list[Path]:
    """The metadata tables: of a data folder, or as they are given.

    Raises:
        BadParameter: if neither or both are given.
    """
    from reben.io.dataset.folder import find_data

    if (data is None) == (not metadata):
        raise typer.BadParameter("give either --data or --metadata")
    return list(find_data(data).metadata) if data is not None else list(metadata or [])
