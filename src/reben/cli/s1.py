"""`reben s1`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli.console import context, print_json, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.cli.options import Json
from reben.geocode.options import GeocodeOptions


@with_options_of(GeocodeOptions)
def s1(
    grd: Annotated[
        list[Path],
        typer.Argument(help="IW GRDH products (.SAFE or zipped), or folders with some.", show_default=False),
    ],
    tile: Annotated[
        list[str], typer.Option(help="Sentinel-2 tile, such as 33UUP. May be repeated.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="Folder for the scenes.", show_default=False)],
    json: Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Bring Sentinel-1 GRD products onto the 10 m grids of Sentinel-2 tiles, as sigma nought in dB.

    Thermal noise and the noise along borders are removed; nothing is filtered. The products of one pass are joined.
    `reben build --s1-scenes` takes the output folder. Scenes that are in it already are left alone: give the same
    command again to resume.
    """
    from reben.geocode.stage import geocode

    options = options_from(GeocodeOptions, **settings)
    result = geocode(grd, tile, output, options, context())
    if json is not None:
        print_json(
            json,
            {"made": [str(path) for path in result.made], "present": [str(path) for path in result.present]}
            | {"failed": result.failed},
        )
    else:
        for path in result.made:
            say(path)
    stderr.print(
        f"{len(result.made)} scenes made, {len(result.present)} there already, {len(result.failed)} failed",
        markup=False,
    )
    for name, message in result.failed.items():
        stderr.print(f"failed: {name}: {message}", markup=False)
    if result.failed:
        raise typer.Exit(1)
