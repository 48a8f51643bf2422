"""`reben embed`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import needs_extra, progress, say
from reben.cli.evaluate import Split


def embed(
    checkpoint: options.Checkpoint,
    output: Annotated[Path, typer.Option(help="Parquet file to write.", show_default=False)],
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    split: Annotated[list[Split] | None, typer.Option(help="Which patches; by default all. May be repeated.")] = None,
    batch_size: options.BatchSize = 512,
    snow_and_cloud: options.SnowAndCloud = False,
    workers: options.LoadingWorkers = None,
) -> None:
    """Write an embedding per patch: the features that a trained model computes before its last layer.

    The Parquet table has patch_id, split, country, labels and embedding (float32); `reben retrieve` searches it.
    """
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
            splits=[chosen.value for chosen in split or Split],
            batch_size=batch_size,
            workers=workers,
            snow_and_cloud=snow_and_cloud,
            start=start,
        )
    say(f"{output}: {patches:,} embeddings")
