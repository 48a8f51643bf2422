"""`reben plot`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import needs_extra, say
from reben.core.names import SplitName
from reben.core.palettes import PaletteName, in_palette


def plot(
    output: Annotated[Path, typer.Option(help="Picture to write (.png, .pdf, .svg).", show_default=False)],
    patch_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PATCH_ID]...", help="Which patches; by default some of the split.")
    ] = None,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    split: Annotated[SplitName | None, typer.Option(help="Split to take patches from, if none are named.")] = None,
    count: Annotated[int, typer.Option(min=1, max=60, help="How many patches, if none are named.")] = 6,
    palette: Annotated[
        PaletteName,
        typer.Option(help="Colours of classes: those of the legend, or ones that colour-blind readers tell apart."),
    ] = "legend",
) -> None:
    """Draw patches: true colour, radar, reference map and labels side by side."""
    options.expect_ending(output, options.PICTURE_ENDINGS, "--output")
    found = options.inputs(data, store, metadata)
    with needs_extra("report"):
        from reben.pictures.patch_pictures import pictures_of
        from reben.pictures.samples import draw_samples

    pictures, legend = pictures_of(found, patch_ids or [], split=split, count=count)
    draw_samples(output, pictures, legend=in_palette(legend, palette))
    say(f"{output}: {len(pictures)} patches")
