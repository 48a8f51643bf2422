"""`reben store`: look into stores, check, merge and export them."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.commands import add_command
from reben.cli.console import STDOUT, print_json, progress, say, stderr
from reben.core.bands import PATCH_SIZE_M

app = typer.Typer(help="Look into stores, check, merge and export them.", no_args_is_help=True)

_Store = Annotated[Path, typer.Argument(help="Store, or folder of shards.", show_default=False)]
_Target = Annotated[
    Path,
    typer.Option("--output", help="Store or folder to create; must not exist.", show_default=False),
]


def info(
    store: Annotated[str, typer.Argument(help="Store, folder of shards, or address of a store.", show_default=False)],
) -> None:
    """Show how many values a store has, and the first of each kind."""
    from reben.io.store import open_store
    from reben.io.store.contents import describe
    from reben.io.store.values import parse_header

    opened = open_store(store)
    say(f"{opened.path}: {len(opened):,} values, {opened.nbytes / 1e6:,.1f} MB")
    for key in opened.first_of_kinds():
        say(f"  {key}: {describe(parse_header(opened.buffer(key)))}")


def check(store: _Store, json: options.Json = None) -> None:
    """Read every value: count kinds, name what is damaged, and give a checksum of the contents.

    Values are compared with the checksums that reben keeps when it writes a store. Equal contents have equal sums,
    whichever program wrote them, in one store or in shards. Ends with exit code 1 where a value is damaged.
    """
    from reben.io.store import open_store
    from reben.io.store.contents import read_contents

    opened = open_store(store)
    with progress("checking") as start:
        found = read_contents(opened, progress=start(len(opened)))
    if json is not None:
        print_json(
            json,
            {
                "values": found.values,
                "bytes": found.nbytes,
                "kinds": dict(found.kinds),
                "damaged": found.damaged_count,
                "damaged values": found.damaged,
                "compared with checksums": found.checked,
                "sha256": found.sha256,
            },
        )
    if json != STDOUT:
        for kind, count in found.kinds.most_common():
            say(f"{count:>9,} {kind}")
        say(f"{found.damaged_count:>9,} damaged")
        say(f"sha256 {found.sha256}")
        if found.checked < found.values:
            stderr.print(
                f"note: {found.values - found.checked:,} values have no checksum, so that changed pixels go unnoticed; "
                "`reben store merge` writes a store that has them",
            )
    for key, message in found.damaged.items():
        stderr.print(f"damaged: {key}: {message}", markup=False)
    if found.damaged_count:
        raise typer.Exit(1)


def merge(
    sources: Annotated[list[Path], typer.Argument(help="Stores, or folders of shards.", show_default=False)],
    target: _Target,
) -> None:
    """Join stores into one. A key that two of them have must have the same value in both."""
    from reben.io.store import merge_stores, open_store

    with progress("merging") as start:
        merge_stores(sources, target, progress=start(sum(len(open_store(source)) for source in sources)))
    say(f"{target}: {len(open_store(target)):,} values")


def export(
    store: _Store,
    target: _Target,
    tile_extents: options.TileExtents = None,
    patch_size: Annotated[int, typer.Option(min=60, help="Side of a patch, in metres.")] = PATCH_SIZE_M,
) -> None:
    """Write the patches of a store as GeoTIFFs in the published layout."""
    from reben.encode.export import export_store
    from reben.io.dataset.tile_extents import find_tile_extents
    from reben.io.store import open_store

    opened, extents = open_store(store), find_tile_extents(tile_extents, [store])
    with progress("exporting") as start:
        export_store(opened, extents, target, patch_size_m=patch_size, progress=start(len(opened)))
    say(f"{target}: {len(opened):,} values")


for _name, _function in (("info", info), ("check", check), ("merge", merge), ("export", export)):
    add_command(app, _name, _function, renamed={"--target": "--output", "--tiles": "--tile-extents"})
