"""`reben encode`: GeoTIFF data sets to LMDB+safetensors stores."""

import time
from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import progress, stderr

app = typer.Typer(help="Encode a GeoTIFF data set as an LMDB+safetensors store.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `bigearthnet` a command of its own while it is the only one."""


@app.command("bigearthnet")
def bigearthnet(
    target: Annotated[Path, typer.Option(help="Store to make; must not exist.", show_default=False)],
    s2_dir: Annotated[Path | None, typer.Option(help="Folder BigEarthNet-S2.", show_default=False)] = None,
    s1_dir: Annotated[Path | None, typer.Option(help="Folder BigEarthNet-S1.", show_default=False)] = None,
    reference_maps_dir: Annotated[Path | None, typer.Option(help="Folder Reference_Maps.", show_default=False)] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read; by default one per processor.")
    ] = None,
) -> None:
    """Encode reBEN (BigEarthNet v2.0): Sentinel-2 and Sentinel-1 patches and reference maps, or some of them."""
    from reben.encode.bigearthnet import sources
    from reben.encode.engine import encode, plan
    from reben.io.atomic import expect_free

    start = time.perf_counter()
    expect_free(target)
    with stderr.status("finding patches ..."):
        todo = plan(sources(s2=s2_dir, s1=s1_dir, reference_maps=reference_maps_dir))
    with progress("encoding") as begin:
        encode(todo, target, workers=workers, progress=begin(len(todo.samples)))
    counts = todo.counts()
    for name, count in counts.items():
        typer.echo(f"{count:>9,} {name}")
    expected, found = counts.get("Sentinel-2 patches", 0), counts.get("reference maps", 0)
    if reference_maps_dir is not None and found < expected:
        stderr.print(f"note: {expected - found:,} Sentinel-2 patches have no reference map")
    size = sum(file.stat().st_size for file in target.iterdir())
    typer.echo(f"{target}: {sum(counts.values()):,} values, {size / 1e6:,.1f} MB, {time.perf_counter() - start:.1f} s")
