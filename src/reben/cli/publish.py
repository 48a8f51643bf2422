"""`reben publish`."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import needs_extra, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.publish.options import PublishOptions


@with_options_of(PublishOptions)
def publish(
    run: Annotated[Path, typer.Argument(help="Run directory of `reben train`.", show_default=False)],
    repo: Annotated[str, typer.Option(help="owner/name on the Hugging Face hub.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the files; by default `publish` in the run directory.")
    ] = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Publish a finished run on the Hugging Face hub: weights, configuration, epochs and a model card.

    The token comes from HF_TOKEN or `hf auth login`. With --data, the card gets a picture of test patches; the card of
    a run that was not tested says so.
    """
    chosen = options_from(PublishOptions, **settings)
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
    if found is not None and not facts.trained.task.has_classes:
        stderr.print("note: the card has no picture: pictures show classes, and this model has none", markup=False)
    elif found is not None:
        draw = partial(
            draw_example, checkpoint=run, store=found.store, metadata=list(found.metadata), title=title(facts)
        )
    publication = write_publication(
        run,
        facts,
        output or run / "publish",
        repository=repo,
        license_id=chosen.license,
        dataset=chosen.dataset,
        draw=draw,
    )
    say(f"{'would push' if chosen.dry_run else 'pushing'} to {repo}, from {publication.folder}:")
    for name, size in publication.sizes.items():
        say(f"  {size:>12,} bytes  {name}")
    if not chosen.dry_run:
        say(push(publication.upload(repo, private=chosen.private, update=chosen.update)))
