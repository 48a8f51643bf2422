"""`reben publish-data`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli.console import context, needs_extra, progress, say, stderr
from reben.cli.from_model import options_from, separated, with_options_of
from reben.describe.options import RecordOptions
from reben.publish.options import PublishDataOptions

_BYTES_PER_GB = 1e9


@with_options_of(RecordOptions)
@with_options_of(PublishDataOptions)
def publish_data(
    data: Annotated[
        Path,
        typer.Argument(help="Data folder: a store, its metadata tables, legend and statistics.", show_default=False),
    ],
    repo: Annotated[str, typer.Option(help="owner/name on the Hugging Face hub.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option(help="Folder for what is written; by default `publish` in the data folder.")
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the models
) -> None:
    """Publish a data set on the Hugging Face hub: store or pictures, tables, catalogue records and a data card.

    The token comes from HF_TOKEN or `hf auth login`. Files that are there already are not uploaded again: after an
    interruption the same command resumes.
    """
    own, remaining = separated(PublishDataOptions, settings)
    records = options_from(RecordOptions, **remaining)
    with needs_extra("hub"):
        from reben.publish.data_publication import write_data_publication
        from reben.publish.hub import expect_repository, push_in_pieces

    expect_repository(repo)
    tell = context().tell
    with progress("writing") as begin:
        publication = write_data_publication(
            data,
            output or data / "publish",
            records,
            form=own.form,
            shard_bytes=int(own.shard_gb * _BYTES_PER_GB),
            tell=tell,
            begin=begin,
        )
    total = sum(publication.sizes.values())
    say(f"{'would push' if own.dry_run else 'pushing'} to {repo}, {len(publication.sizes):,} files, {total:,} bytes:")
    for name, size in publication.sizes.items():
        say(f"  {size:>15,} bytes  {name}")
    if own.dry_run:
        say(f"\n{publication.card}", nl=False)
        return
    upload = publication.upload(repo, private=own.private, update=own.update)
    with progress("uploading", in_bytes=True) as begin:
        address = push_in_pieces(upload, tell=tell, progress=begin(total))
    say(address or f"all files are at {repo} already")
    if address is None:
        stderr.print("nothing was uploaded", markup=False)
