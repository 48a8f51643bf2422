"""Samples per second of configilm's data module; runs with the Python of configilm's own environment.

python configilm_loader.py STORE METADATA SNOW_AND_CLOUD_METADATA BATCH WORKERS ROUNDS
"""

import sys
import time
import warnings

warnings.simplefilter("ignore")

BANDS = 12  # Sentinel-1 and the ten Sentinel-2 bands of 10 and 20 m


def main() -> None:
    """Print a rate per round, after one that only warms up."""
    from configilm.extra.DataModules.BENv2_DataModule import BENv2DataModule  # noqa: PLC0415 - after the filter

    store, metadata, snow_and_cloud, batch, workers, rounds = sys.argv[1:]
    data = BENv2DataModule(
        {"images_lmdb": store, "metadata_parquet": metadata, "metadata_snow_cloud_parquet": snow_and_cloud},
        batch_size=int(batch),
        img_size=(BANDS, 120, 120),
        num_workers_dataloader=int(workers),
    )
    data.setup("fit")
    loader = data.train_dataloader()
    for number in range(int(rounds) + 1):
        start, samples = time.perf_counter(), 0
        for images, _ in loader:
            samples += len(images)
        if number:
            print("rate", samples / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
