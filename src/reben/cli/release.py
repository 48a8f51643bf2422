"""`reben release`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import context, say
from reben.cli.from_model import options_from, separated, with_options_of
from reben.describe.options import RecordOptions
from reben.release.options import ReleaseOptions

if TYPE_CHECKING:
    from reben.release.report import ReleaseReport


@with_options_of(RecordOptions)
@with_options_of(ReleaseOptions)
def release(
    data: Annotated[
        Path,
        typer.Argument(help="Data set in the published layout, data folder, or store.", show_default=False),
    ],
    output: Annotated[Path, typer.Option(help="Folder to make.", show_default=False)],
    tile_extents: options.TileExtents = None,
    records: Annotated[
        bool, typer.Option("--records/--no-records", help="Write catalogue records: STAC, Croissant, DataCite, a card.")
    ] = True,
    **settings: Any,  # noqa: ANN401 - an option for each field of the models
) -> None:
    """Write a data set as reBEN was published: archives, tables, checksums and catalogue records.

    The archives of a store are, byte for byte, those of its GeoTIFFs. An interrupted release resumes with the same
    command; archives that were finished are kept.

    Examples:
    reben release lithuania --reben --output release

    reben release alps --title "Patches of the Alps" --author "Doe, Jane" --license CC-BY-4.0 --output release

    reben release reben --parts s2,metadata --split-gb 2 --no-records --output release
    """
    from reben.release.data import find_release_data
    from reben.release.stage import release as write

    own, remaining = separated(ReleaseOptions, settings)
    said = options_from(RecordOptions, **remaining)
    found = find_release_data(data, tile_extents=tile_extents)
    _print(output, write(found, output, own, context(), records=said if records else None))


def _print(output: Path, report: "ReleaseReport") -> None:
    """A line per file, and which archives are the published ones."""
    from reben.release.hashes import HASHES_FILE, published_hashes

    for entry in report.entries():
        say(f"{entry.nbytes:>15,} bytes  {entry.md5}  {entry.name}")
    published = published_hashes()
    for archive in report.archives:
        if published.get(archive.name) == archive.tar_md5:
            say(f"{archive.name} is that of the published reBEN")
    say(f"{output}: {report.patches:,} patches; compare with `reben verify DATA --release {output / HASHES_FILE}`")
