"""`reben split`."""

from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, say
from reben.core.bands import PATCH_SIZE_M
from reben.core.grid import TILE_SIDE_M
from reben.rules.split import TEST_SHARE, VALIDATION_SHARE


def split(
    tile_side: Annotated[int, typer.Option(min=1, help="Side of the tile, in metres.")] = TILE_SIDE_M,
    patch_size: Annotated[int, typer.Option(min=1, help="Side of a patch, in metres.")] = PATCH_SIZE_M,
    p: Annotated[float, typer.Option("--p", help="Share of the test square in the tile's area.")] = TEST_SHARE,
    q: Annotated[
        float, typer.Option("--q", help="Share of the validation frame in the tile's area.")
    ] = VALIDATION_SHARE,
    json: options.Json = None,
) -> None:
    """Show the geographic split of a tile: widths of its frames, patches per set.

    The JSON file also holds the split of every patch, under `splits`, by column and row.
    """
    import numpy as np

    from reben.core.grid import PatchGrid
    from reben.rules.split import assign_splits, frames

    grid = PatchGrid(tile_side, patch_size)
    widths = frames(tile_side, p=p, q=q)
    columns, rows = np.array(list(grid.indices())).T
    splits = assign_splits(columns, rows, grid, widths)
    counts = {name: int((splits == name).sum()) for name in ("train", "validation", "test")}
    if json is not None:
        side = grid.patches_per_side
        print_json(
            json,
            {
                "tile_side_m": tile_side,
                "patch_size_m": patch_size,
                "outer_frame_m": widths.outer_m,
                "inner_frame_m": widths.inner_m,
                "patches_per_side": side,
                "counts": counts,
                "splits": splits.reshape(side, side).tolist(),
            },
        )
    if json != STDOUT:
        say(f"outer frame (train)       {widths.outer_m:>10,.1f} m")
        say(f"inner frame (validation)  {widths.inner_m:>10,.1f} m")
        for name, count in counts.items():
            say(f"{name:<11}{count:>7,} patches  {count / len(splits):.1%}")
