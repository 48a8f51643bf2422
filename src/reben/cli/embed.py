"""`reben embed`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import needs_extra, progress, say
from reben.cli.from_model import options_from, with_options_of
from reben.core.names import SPLIT_NAMES
from reben.learn.retrieval.options import EmbedOptions


@with_options_of(EmbedOptions)
def embed(
    checkpoint: options.Checkpoint,
    output: Annotated[Path, typer.Option(help="Parquet file to write.", show_default=False)],
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Write an embedding per patch: the features that a trained model computes before its last layer.

    The Parquet table has patch_id, split, country, labels and embedding (float32); `reben retrieve` searches it.
    """
    chosen = options_from(EmbedOptions, **settings)
    options.expect_ending(output, (".parquet",), "--output")
    found = options.inputs(data, store, metadata)
    options.expect_readable(found)
    with needs_extra("learn"):
        from reben.learn.retrieval import features

    with progress("embedding") as start:
        patches = features.embed(
            checkpoint,
            store=found.store,
            metadata=list(found.metadata),
            output=output,
            splits=chosen.split or SPLIT_NAMES,
            batch_size=chosen.batch_size,
            workers=chosen.workers,
            snow_and_cloud=chosen.snow_and_cloud,
            start=start,
        )
    say(f"{output}: {patches:,} embeddings")
