"""`make bench`: print what encoder and loader reach on this machine, and against what."""

import argparse
import os
from pathlib import Path

from benchmarks import construction, encoding
from benchmarks.dataset import make_dataset

_SCRATCH = Path(".bench")
_CACHE = Path(".bench-cache")


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--patches", type=int, default=2048, help="S2 + S1 patches with reference maps")
    parser.add_argument("--rounds", type=int, default=3, help="each figure is the median of so many")
    parser.add_argument("--tile-rounds", type=int, default=1, help="the same for the full-size tile, minutes each")
    parser.add_argument("--only", choices=["tile"], help="measure this only")
    options = parser.parse_args()
    if options.only in (None, "tile"):
        _print_tile(options.tile_rounds)
    if options.only == "tile":
        return
    data = make_dataset(_SCRATCH, options.patches)
    print(
        f"{options.patches} patches (S2, S1, reference map), {os.cpu_count()} processors, median of {options.rounds}\n"
    )

    seconds = encoding.measure(data, _SCRATCH, rounds=options.rounds)
    own = seconds[encoding.ENCODER]
    print("encoding                          patches/s    time against reben")
    for name, value in seconds.items():
        print(f"  {name:<30} {options.patches / value:>10,.0f}    {value / own:>6.2f}")

    from benchmarks import loading  # noqa: PLC0415 - else every encoding worker, too, would load torch

    store = _SCRATCH / "store"
    encoding.encode_with_reben(data, store)
    rates = loading.measure(data, store, rounds=options.rounds)
    own = rates[loading.IN_PROCESS]
    print("\nloading (12 bands, batches of 64, normalised, flipped)")
    print("                                  samples/s    speed against in-process")
    for name, value in rates.items():
        print(f"  {name:<30} {value:>10,.0f}    {value / own:>6.2f}")


def _print_tile(rounds: int) -> None:
    figures = construction.measure(_CACHE, _SCRATCH, rounds=rounds)
    if figures is None:
        print("building a full-size tile: left out, the real patches are not there\n")
        return
    bare = figures.seconds[construction.DECODE]
    print(f"building one full-size tile ({os.cpu_count()} threads)    seconds    against decoding")
    for name, value in figures.seconds.items():
        print(f"  {name:<40} {value:>10.1f}    {value / bare:>6.2f}")
    print("  stages: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in figures.stages.items()))
    print(f"  peak memory of the worker: {figures.peak_memory_bytes / 1e9:.2f} GB\n")


if __name__ == "__main__":
    main()
