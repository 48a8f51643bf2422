"""`reben embed`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import needs_extra, progress, say
from reben.cli.from_model import options_from, with_options_of
from reben.learn.retrieval.options import EmbedOptions

Backbone = Annotated[
    str | None,
    typer.Option(
        help="Pre-trained model instead of --checkpoint: NAME, NAME@random or NAME@FILE.safetensors; `reben backbones` "
        "lists names, and timm's models have theirs.",
        show_default=False,
        metavar="NAME[@WEIGHTS]",
    ),
]


@with_options_of(EmbedOptions)
def embed(
    output: Annotated[Path, typer.Option(help="Parquet file to write.", show_default=False)],
    checkpoint: Annotated[
        Path | None,  # a name on the hub, too, as `options.Checkpoint`
        typer.Option(
            help="Run directory of `reben train`, a folder with published weights, or owner/name or "
            "owner/name@revision on the Hugging Face hub.",
            show_default=False,
        ),
    ] = None,
    backbone: Backbone = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Write an embedding per patch: the features of a trained model before its last layer, or of a backbone.

    The Parquet table has patch_id, split, country, labels and embedding; `reben retrieve` searches it, `reben probe`
    measures what it is worth. A run that was interrupted goes on when the same command is given again.
    """
    chosen = options_from(EmbedOptions, **settings)
    options.expect_ending(output, (".parquet",), "--output")
    if (checkpoint is None) == (backbone is None):
        raise typer.BadParameter("give either --checkpoint or --backbone")
    found = options.inputs(data, store, metadata)
    options.expect_readable(found)
    with needs_extra("learn"):
        from reben.learn.retrieval import features

    with progress("embedding") as start:
        patches = features.embed(
            checkpoint,
            backbone=backbone,
            store=found.store,
            metadata=list(found.metadata),
            output=output,
            options=chosen,
            start=start,
        )
    if patches is not None:
        say(f"{output}: {patches:,} embeddings")
    else:
        say(f"share {chosen.share} is done; the table appears when the others are, too")
