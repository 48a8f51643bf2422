"""`make bench`: what building, encoding and loading reach on this machine, and against what."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import (
    accuracy,
    archives,
    areas,
    construction,
    correction,
    encoding,
    geocoding,
    getting,
    pairs,
    releasing,
)
from benchmarks.dataset import make_dataset
from benchmarks.report import PAGE, Report

_SCRATCH = Path(".bench")
_CACHE = Path(".bench-cache")
"""Not emptied: a full-size tile and the environments of peers."""

_PARTS = (
    *("accuracy", "pairs", "correction", "construction", "areas", "geocoding", "encoding"),
    *("archives", "getting", "releasing", "loading", "training"),
)


def main() -> None:
    """Measure everything once, print it, and write `docs/benchmarks.md`."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--patches", type=int, default=2048, help="S2 + S1 patches with reference maps")
    parser.add_argument("--rounds", type=int, default=5, help="each figure is the median of so many")
    parser.add_argument("--tile-rounds", type=int, default=1, help="the same for the full-size tile, minutes each")
    parser.add_argument("--only", choices=_PARTS, help=f"measure this only, and do not write {PAGE}")
    options = parser.parse_args()
    parts = _PARTS if options.only is None else (options.only,)
    report = Report()
    _measure_products(report, parts, options.tile_rounds)
    if "encoding" in parts or "loading" in parts:
        _measure_stores(report, parts, options.patches, options.rounds)
    for part, measure in (
        ("archives", _report_archives),
        ("getting", _report_getting),
        ("releasing", _report_releasing),
    ):
        if part in parts:
            measure(report, options.patches, options.rounds)
    if "training" in parts:
        _measure_training(report, options.rounds)
    if options.only is None:
        report.write()


def _measure_products(report: Report, parts: Sequence[str], rounds: int) -> None:
    """What is done to products, before there are patches."""
    if "accuracy" in parts:
        note = "Real ground seen through ten random atmospheres; aerosol and water vapour read from the image."
        report.heading("Error of the embedded correction", note=note)
        _report_accuracy(report, accuracy.measure(_CACHE, _SCRATCH))
    if "pairs" in parts:
        note = "A real product of Sentinel-2B; differences of medians and slopes, ours over sen2cor's."
        report.heading("Distance of the embedded correction to sen2cor", note=note)
        _report_pairs(report, pairs.measure(_SCRATCH), pairs.measure(_SCRATCH, adjacency_m=0))
    if "correction" in parts:
        note = "Embedded engine; the tile of the next section, seen through an atmosphere."
        report.heading("Correcting one full-size tile", note=note)
        _report_tile(report, correction.measure(_CACHE, _SCRATCH, rounds=rounds), correction.DECODE)
    if "construction" in parts:
        note = "Real texture, 8,281 patches, 9,000 land-cover polygons."
        report.heading("Building one full-size tile", note=note)
        _report_tile(report, construction.measure(_CACHE, _SCRATCH, rounds=rounds), construction.DECODE)
    if "areas" in parts:
        note = "The same texture; COGs (deflate) on this machine; a made-up raster like a tile of ESA WorldCover."
        report.heading("A full-size tile of a new area", note=note)
        _report_areas(report, areas.measure(_CACHE, _SCRATCH, rounds=rounds))
    if "geocoding" in parts:
        note = (
            "A real product's metadata with a generated image (VV and VH), generated mountains of 2,000 m, 30 m model."
        )
        report.heading("A Sentinel-1 GRD product onto a full-size tile", note=note)
        _report_geocoding(report, geocoding.measure(_CACHE, _SCRATCH, rounds=rounds))


def _report_geocoding(report: Report, found: geocoding.GeocodingFigures | None) -> None:
    if found is None:
        report.line("Left out: the real annotation is not there.")
        return
    rates = {name: found.megapixels[name] / seconds for name, seconds in found.seconds.items()}
    report.table(
        ("", "megapixels", "seconds", "megapixels/s", "against sarsen"),
        {
            name: (
                f"{found.megapixels[name]:.0f}",
                f"{seconds:.1f}",
                f"{rates[name]:.2f}",
                f"{rates[name] / rates[geocoding.SARSEN]:.0f}",
            )
            for name, seconds in found.seconds.items()
        },
    )
    report.line(f"Peak memory of `reben s1`: {found.peak_memory_bytes / 1e9:.2f} GB.")


def _report_areas(report: Report, seconds: dict[str, float] | None) -> None:
    if seconds is None:
        report.line("Left out: the real patches are not there.")
        return
    against = {areas.READ_COGS: areas.READ_JP2, areas.BUILD_COGS: areas.BUILD_JP2}
    report.table(
        ("", "seconds", "against JPEG 2000"),
        {
            name: (f"{value:.1f}", f"{value / seconds[against[name]]:.2f}" if name in against else "")
            for name, value in seconds.items()
        },
    )


def _report_accuracy(report: Report, found: accuracy.Accuracy | None) -> None:
    if found is None:
        report.line("Left out: the real patches are not there.")
        return
    rows = {band: (f"{np.median(e):.4f}", f"{np.percentile(e, 95):.4f}") for band, e in found.errors.items()}
    report.table(("band", "median absolute error of reflectance", "95th percentile"), rows)
    aerosol, water = found.aerosol, found.water_g_cm2
    report.line(
        f"Aerosol optical thickness: {aerosol.mean():+.3f} on average, {np.abs(aerosol).max():.3f} at most; "
        f"water vapour: {water.mean():+.1%} on average, {np.abs(water).max():.1%} at most."
    )


def _report_pairs(report: Report, found: pairs.Pair | None, plain: pairs.Pair | None) -> None:
    if found is None or plain is None:
        report.line("Left out: the real pair is not there.")
        return
    report.table(
        ("band", "sen2cor's median", "difference", "slope", "slope with neighbouring light left in"),
        {
            band: (f"{d.median:.4f}", f"{d.difference:+.4f}", f"{d.slope:.3f}", f"{plain.bands[band].slope:.3f}")
            for band, d in found.bands.items()
        },
    )
    report.line(f"Fallbacks: {'; '.join(found.record.fallbacks)}.")


def _report_tile(
    report: Report, figures: construction.TileFigures | correction.CorrectionFigures | None, decoding: str
) -> None:
    if figures is None:
        report.line("Left out: the real patches are not there.")
        return
    bare = figures.seconds[decoding]
    report.table(
        ("", "seconds", "against decoding"),
        {name: (f"{value:.1f}", f"{value / bare:.2f}") for name, value in figures.seconds.items()},
    )
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in figures.stages.items())
    report.line(f"Stages: {stages}. Peak memory of the worker: {figures.peak_memory_bytes / 1e9:.2f} GB.")


def _report_archives(report: Report, patches: int, rounds: int) -> None:
    data = make_dataset(_SCRATCH, patches)
    report.heading("From archives to a store", note=f"{patches:,} patches in archives like the published ones.")
    found = archives.measure(data, _SCRATCH, rounds=rounds)
    own = found.seconds[archives.ARCHIVES]
    report.table(
        ("", "patches/s", "time against reben"),
        {name: (f"{patches / value:,.0f}", f"{value / own:.2f}") for name, value in found.seconds.items()},
    )
    report.line(f"Peak memory: {found.peak_memory_bytes / 1e6:.0f} MB.")


def _report_getting(report: Report, patches: int, rounds: int) -> None:
    data = make_dataset(_SCRATCH, patches)
    found = getting.measure(data, _SCRATCH, rounds=rounds)
    report.heading(
        "Pairs out of a remote LMDB file",
        note=f"{found.pairs:,} random pairs of {patches:,}, from a server {getting.LATENCY_MS} ms away, "
        f"over a line of {getting.LINE_MB_S} MB/s.",
    )
    own = found.seconds[getting.GET]
    report.table(
        ("", "MB/s", "time against reben"),
        {
            name: (f"{found.value_bytes / value / 1e6:,.0f}", f"{value / own:.2f}")
            for name, value in found.seconds.items()
        },
    )
    report.line(
        f"{found.requests:,} requests bring {found.fetched_bytes / found.value_bytes - 1:.1%} more than the values. "
        f"Peak memory: {found.peak_memory_bytes / 1e9:.2f} GB."
    )


def _report_releasing(report: Report, patches: int, rounds: int) -> None:
    data = make_dataset(_SCRATCH, patches)
    report.heading("Archives of a release", note=f"{patches:,} patches with Sentinel-1 and reference maps.")
    found = releasing.measure(data, _SCRATCH, rounds=rounds)
    own = found.seconds[releasing.STORE]
    report.table(
        ("", "MB of tar/s", "time against the first row"),
        {
            name: (f"{found.tar_bytes / value / 1e6:,.0f}", f"{value / own:.2f}")
            for name, value in found.seconds.items()
        },
    )
    report.line(f"Peak memory of `reben release`: {found.peak_memory_bytes / 1e6:.0f} MB.")


def _measure_training(report: Report, rounds: int) -> None:
    from benchmarks import training  # noqa: PLC0415 - else every encoding worker, too, would load torch

    report.heading(
        "Training", note=f"One epoch of {training.RECIPE.model}, batches of {training.RECIPE.batch_size}, on the CPU."
    )
    seconds = training.measure(_SCRATCH / "training", rounds=rounds)
    bare = seconds[training.BARE]
    report.table(
        ("", "seconds", "against the bare loop"),
        {name: (f"{value:.2f}", f"{value / bare:.3f}") for name, value in seconds.items()},
    )


def _measure_stores(report: Report, parts: tuple[str, ...], patches: int, rounds: int) -> None:
    data = make_dataset(_SCRATCH, patches)
    if "encoding" in parts:
        report.heading("Encoding", note=f"{patches:,} patches: Sentinel-2, Sentinel-1, reference map.")
        seconds = encoding.measure(data, _SCRATCH, rounds=rounds)
        own = seconds[encoding.ENCODER]
        report.table(
            ("", "patches/s", "time against reben"),
            {name: (f"{patches / value:,.0f}", f"{value / own:.2f}") for name, value in seconds.items()},
        )
    if "loading" in parts:
        from benchmarks import loading  # noqa: PLC0415 - else every encoding worker, too, would load torch

        report.heading(
            "Loading", note="12 bands, shuffled and flipped, batches of 64, page cache warm, at most two cores."
        )
        store = _SCRATCH / "store"
        encoding.encode_with_reben(data, store)
        cold = loading.measure_cold(data, store, rounds=min(rounds, 3))
        rates = loading.measure(data, store, _CACHE, rounds=rounds)
        peers = [name for name in (loading.CONFIGILM, loading.GEOTIFFS) if name in rates]
        report.table(
            ("", "samples/s", *(f"times {name.split(',')[0]}" for name in peers)),
            {name: (f"{rate:,.0f}", *(f"{rate / rates[peer]:.1f}" for peer in peers)) for name, rate in rates.items()},
        )
        report.heading(
            "Loading from a cold page cache",
            note="Native batches, 2 threads, the first 384 samples. Stores beyond half of the memory have read-ahead.",
        )
        report.table(("", "samples/s"), {name: (f"{rate:,.0f}",) for name, rate in cold.items()})


if __name__ == "__main__":
    main()
