"""`reben explore`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli.console import context, needs_extra, say
from reben.cli.from_model import options_from, with_options_of
from reben.explore.options import ExploreOptions


@with_options_of(ExploreOptions)
def explore(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA|STORE|URL", help="Data folder, a store, or the address of a store.", show_default=False
        ),
    ],
    metadata: Annotated[
        list[Path] | None,
        typer.Option(help="Metadata table (Parquet), if none lies beside the store. May be repeated."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write a folder for any web space instead of serving; must not exist.", show_default=False),
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Explore a data set in the browser: map, filters, patches, bands, predictions and embeddings.

    Serves a page on this machine, for this machine only, until Ctrl-C. With --export, writes a folder instead that
    stands on any web space that answers requests for parts of files.
    """
    chosen = options_from(ExploreOptions, **settings)
    from reben.explore import stage
    from reben.explore.explored import open_explored
    from reben.work import atomic

    if export is not None:
        atomic.expect_free(export)
    else:
        with needs_extra("explore"):
            from reben.explore import server
    explored = open_explored(data, metadata or [])
    with needs_extra("learn"):
        prepared = stage.prepare(explored, chosen)
    if export is not None:
        stage.export(prepared, export, context())
        say(f"{export}: {len(prepared.values):,} patches")
        return
    listener = server.listening(chosen.port)
    with stage.served(prepared) as served:
        say(f"{len(prepared.values):,} patches at http://{server.HOST}:{listener.getsockname()[1]}/ (Ctrl-C ends)")
        server.serve(served, listener)
