"""`reben stats`."""

from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, progress, say
from reben.cli.evaluate import Split


def stats(
    store: options.Store,
    metadata: options.Metadata,
    split: Annotated[Split, typer.Option(help="Which patches.")] = Split.train,
    bands: Annotated[str, typer.Option(help="s1, s2, all, or band names joined by commas.")] = "all",
    snow_and_cloud: options.SnowAndCloud = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read; by default one per processor.")
    ] = None,
    json: options.Json = None,
) -> None:
    """Compute mean, standard deviation, extremes and percentiles of each band; training takes the JSON file."""
    from reben.core.bands import select_bands
    from reben.data.patches import Patches
    from reben.data.statistics import as_json, summarise
    from reben.io.legend_files import legend_beside
    from reben.io.metadata import read_metadata
    from reben.io.processes import available_cpus
    from reben.io.store import open_store

    legend = legend_beside(metadata)
    rows = read_metadata(metadata, legend=legend)
    patches = Patches.from_metadata(rows, split=split.value, snow_and_cloud=snow_and_cloud, legend=legend)
    chosen, opened = select_bands(bands), open_store(store)
    patches.expect_in(opened, chosen)
    with progress("counting") as start:
        found = summarise(opened, patches, chosen, workers=workers or available_cpus(), progress=start(len(patches)))
    if json is not None:
        print_json(json, {"split": split.value, "patches": len(patches), **as_json(found)})
    if json != STDOUT:
        say(f"{split.value} split, {len(patches):,} patches\nband        mean         std        min        max")
        for name, band in found.items():
            say(f"{name:<4} {band.mean:>11.4f} {band.std:>11.4f} {band.min:>10.2f} {band.max:>10.2f}")
