"""`reben show`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reben.cli import options
from reben.cli.console import needs_extra, say
from reben.core.palettes import PaletteName, in_palette


def show(
    data: Annotated[
        Path, typer.Argument(help="Data folder, or a store with its tables beside it.", show_default=False)
    ],
    patch_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PATCH_ID]...", help="Which patches; by default the first one.")
    ] = None,
    bands: Annotated[
        str,
        typer.Option(
            metavar="BAND[,BAND,BAND]",
            help="One or three bands instead of true colour and radar, such as B08,B04,B03; rgb for true colour.",
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            callback=options.writable, help="Picture to write (.png, .pdf, .svg) instead.", show_default=False
        ),
    ] = None,
    width: Annotated[int, typer.Option(min=8, max=120, help="Characters across each picture.")] = 40,
    palette: Annotated[
        PaletteName,
        typer.Option(help="Colours of classes: those of the legend, or ones that colour-blind readers tell apart."),
    ] = "legend",
) -> None:
    """Look at patches: true colour, radar, reference map and labels, in the terminal or as a picture.

    A terminal shows 24-bit colour as far as it can; where output goes into a file or a pipe, names and labels remain.
    """
    from reben.core.bands import names_in
    from reben.io.dataset.folder import find_data
    from reben.pictures.patch_pictures import pictures_of
    from reben.pictures.terminal import shown_in_terminal

    options.expect_ending(output, options.PICTURE_ENDINGS, "--output")
    pictures, legend = pictures_of(find_data(data), patch_ids or [], count=1)
    chosen, drawn = names_in(bands) if bands else (), in_palette(legend, palette)
    if output is not None:
        with needs_extra("report"):
            from reben.pictures.samples import draw_samples
        draw_samples(output, pictures, legend=drawn, bands=chosen)
        say(f"{output}: {len(pictures)} patches")
        return
    terminal = Console(highlight=False)
    for picture in pictures:
        if terminal.is_terminal:
            terminal.print(shown_in_terminal(picture, drawn, chosen, width))
        else:
            picture.panels(drawn, chosen)  # a band that is not there is an error here, too
            say(f"{picture.name}\t{'; '.join(picture.labels)}")
