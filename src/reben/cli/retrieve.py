"""`reben retrieve` and `reben evaluate-retrieval`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say
from reben.cli.from_model import options_from, with_options_of
from reben.learn.retrieval.options import EvaluateRetrievalOptions, RetrieveOptions
from reben.net.addresses import path_or_address

if TYPE_CHECKING:
    from reben.io.store import StorePlace
    from reben.learn.retrieval.embeddings import Embeddings
    from reben.learn.retrieval.metrics import RetrievalScores


Table = Annotated[Path, typer.Option("--embeddings", help="Table that `reben embed` wrote.", show_default=False)]


@with_options_of(RetrieveOptions)
def retrieve(
    patch_id: Annotated[str, typer.Argument(help="What to search for.", show_default=False)],
    embeddings: Table,
    checkpoint: Annotated[
        str | None, typer.Option(help="For a patch that is not in the table: what made the table.", show_default=False)
    ] = None,
    data: options.Data = None,
    store: Annotated[
        list[str] | None,
        typer.Option(
            help="Where pixels are: of a patch that is not in the table, or for --picture. May be repeated.",
            metavar="PATH|URL",
        ),
    ] = None,
    metadata: Annotated[
        list[Path] | None, typer.Option(help="Tables that list a patch that is not in --embeddings. May be repeated.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="PNG file for a picture of the patch and its neighbours.")
    ] = None,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Find the patches whose embeddings are nearest to that of a patch.

    Prints a line per neighbour: cosine (or distance), id and labels, with a + those that the patch has, too. A patch
    that is not in the table is embedded first, with --checkpoint, --store and --metadata.
    """
    chosen = options_from(RetrieveOptions, **settings)
    options.expect_ending(picture, (".png",), "--picture")
    stores = [path_or_address(place) for place in store or []]
    if data is not None:
        found_data = options.inputs(data, None, None)
        stores, metadata = [found_data.store, *stores], [*found_data.metadata, *(metadata or [])]
    if picture is not None and not stores:
        raise typer.BadParameter("--picture needs --data, or the --store in which the pixels are")
    with needs_extra("learn,report" if picture else "learn"):
        from reben.learn.retrieval import neighbours as retrieval
        from reben.learn.retrieval.embeddings import read_embeddings

    database = read_embeddings(embeddings)
    query = _query(patch_id, database, checkpoint, stores, metadata or [])
    found = retrieval.neighbours(
        query,
        database if chosen.split is None else database.of_split(chosen.split),
        k=chosen.k,
        kind=chosen.search,
        measure=chosen.measure,
    )
    if json is not None:
        print_json(json, [asdict(neighbour) for neighbour in found])
    if json != STDOUT:
        for neighbour in found:
            labels = (f"+{label}" if label in neighbour.shared else label for label in neighbour.labels)
            say(f"{neighbour.score:.4f}\t{neighbour.patch_id}\t{'; '.join(labels)}")
    if picture is not None:
        from reben.io.store import open_store
        from reben.pictures import neighbours

        shown = neighbours.show_retrieval(
            patch_id, query.rows["labels"][0].as_py(), found, [open_store(place) for place in stores]
        )
        neighbours.draw_neighbours(
            picture, *shown, title=f"Nearest by {chosen.measure}, embeddings of {database.model.timm_name}"
        )


def _query(
    patch_id: str, database: "Embeddings", checkpoint: str | None, stores: "list[StorePlace]", metadata: list[Path]
) -> "Embeddings":
    """The row of the table, or a new one.

    Raises:
        EmbeddingError: if it is not in the table, and there is nothing to make it of.
    """
    from reben.core.errors import EmbeddingError
    from reben.io.store import open_store
    from reben.learn.retrieval.features import embed_patch

    row = database.row_of(patch_id)
    if row is not None:
        return database.take([row])
    if checkpoint is None or not stores or not metadata:
        raise EmbeddingError(
            f"patch {patch_id!r} is not in the table",
            hint="check the id, or give --checkpoint, --store and --metadata to embed it now",
        )
    holding = next((path for path in stores if patch_id in open_store(path)), stores[0])
    return embed_patch(checkpoint, patch_id, store=holding, metadata=metadata)


@with_options_of(EvaluateRetrievalOptions)
def evaluate_retrieval(
    embeddings: Table,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Evaluate retrieval: every patch of one split is searched in another.

    A found patch is relevant if it shares a label. Prints mean average precision, precision and recall of the first k,
    and beside each what ranking at random would reach.
    """
    with needs_extra("learn"):
        from reben.learn.retrieval import metrics as retrieval_metrics
        from reben.learn.retrieval.embeddings import read_embeddings

    chosen = options_from(EvaluateRetrievalOptions, **settings)
    table = read_embeddings(embeddings)
    asked = table.of_split(chosen.queries)
    with progress("searching") as start:
        scores = retrieval_metrics.evaluate_retrieval(
            asked,
            table.of_split(chosen.database),
            k=chosen.k,
            kind=chosen.search,
            measure=chosen.measure,
            progress=start(len(asked)),
        )
    if json is not None:
        print_json(json, {"queries_split": chosen.queries, "database_split": chosen.database, **scores.as_dict()})
    if json != STDOUT:
        _print_scores(scores, chosen.queries, chosen.database)


def _print_scores(scores: "RetrievalScores", queries: str, database: str) -> None:
    say(f"{scores.queries:,} {queries} patches searched in {scores.database:,} {database} patches")
    if scores.queries_without_relevant:
        say(f"  {scores.queries_without_relevant:,} more share no label with any, and do not count")
    for name, value, by_chance in (
        ("mAP", scores.map_at_k, scores.chance_map_at_k),
        ("precision", scores.precision_at_k, scores.chance_precision_at_k),
        ("recall", scores.recall_at_k, scores.chance_recall_at_k),
    ):
        say(f"  {name}@{scores.k} {value:.4f}  (chance level {by_chance:.4f})")
