"""`reben publish`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import needs_extra, say, stderr


def publish(
    run: Annotated[Path, typer.Argument(help="Run directory of `reben train`.", show_default=False)],
    repo: Annotated[str, typer.Option(help="owner/name on the Hugging Face hub.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the files and push nothing.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the files; by default `publish` in the run directory.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Only you may see the repository.")] = False,
    update: Annotated[bool, typer.Option("--update", help="The repository may hold a model already.")] = False,
    license_id: Annotated[str, typer.Option("--license", help="Of the weights, as the hub calls it.")] = "apache-2.0",
    dataset: Annotated[str | None, typer.Option(help="Name of the data set, for the card.")] = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
) -> None:
    """Publish a finished run on the Hugging Face hub: weights, configuration, epochs and a model card.

    The token comes from HF_TOKEN or `hf auth login`. With --data, the card gets a picture of test patches; the card of
    a run that was not tested says so.
    """
    wanted = data is not None or store is not None or bool(metadata)
    found = options.inputs(data, store, metadata) if wanted else None
    with needs_extra("learn,report"):
        from reben.publish.example import draw_example
        from reben.publish.hub import expect_repository, push
        from reben.publish.model_card import title
        from reben.publish.publication import write_publication
        from reben.publish.run_facts import read_facts

    expect_repository(repo)
    facts = read_facts(run)
    if facts.test is None:
        stderr.print(
            f"{run} was not tested, and the card says so; `reben evaluate --split test --json {run / 'test.json'}` "
            "before publishing fixes this",
            markup=False,
        )
    draw = None
    if found is not None:
        draw = partial(
            draw_example, checkpoint=run, store=found.store, metadata=list(found.metadata), title=title(facts)
        )
    publication = write_publication(
        run,
        facts,
        output or run / "publish",
        repository=repo,
        license_id=license_id,
        dataset=dataset,
        draw=draw,
    )
    say(f"{'would push' if dry_run else 'pushing'} to {repo}, from {publication.folder}:")
    for name, size in publication.sizes.items():
        say(f"  {size:>12,} bytes  {name}")
    if not dry_run:
        say(push(publication, repo, private=private, update=update))
