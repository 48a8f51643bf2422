"""`reben stats`."""

from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, progress, say
from reben.core.names import SplitName


def stats(
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    split: Annotated[SplitName, typer.Option(help="Which patches.")] = "train",
    bands: Annotated[str, typer.Option(help="s1, s2, all, rgb, or band names joined by commas.")] = "all",
    snow_and_cloud: options.SnowAndCloud = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read; by default one per processor.")
    ] = None,
    json: options.Json = None,
) -> None:
    """Compute mean, standard deviation, extremes and percentiles of each band.

    `reben train --statistics` takes the JSON file; written to DIR/statistics.json it becomes part of the data folder
    DIR, and commands with --data DIR use it.
    """
    from reben.data.patches import chosen_patches
    from reben.data.statistics import as_json, summarise
    from reben.data.stored_bands import bands_of
    from reben.io.dataset.legends import legend_of_tables
    from reben.io.dataset.metadata import read_metadata
    from reben.io.store import open_store
    from reben.work.processes import available_cpus

    found = options.inputs(data, store, metadata)
    legend = legend_of_tables(found.metadata)
    rows = read_metadata(found.metadata, legend=legend)
    patches = chosen_patches(rows, legend, split=split, snow_and_cloud=snow_and_cloud)
    opened = open_store(found.store)
    chosen = bands_of(opened, patches.ids[0].as_py(), bands)
    patches.expect_in(opened, chosen)
    with progress("counting") as start:
        summaries = summarise(
            opened, patches, chosen, workers=workers or available_cpus(), progress=start(len(patches))
        )
    if json is not None:
        print_json(json, {"split": split, "patches": len(patches), **as_json(summaries)})
    if json != STDOUT:
        width = max(4, *(len(name) for name in summaries))
        say(f"{split} split, {len(patches):,} patches")
        say(f"{'band':<{width}}        mean         std        min        max")
        for name, band in summaries.items():
            say(f"{name:<{width}} {band.mean:>11.4f} {band.std:>11.4f} {band.min:>10.2f} {band.max:>10.2f}")
