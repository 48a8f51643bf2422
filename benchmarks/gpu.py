"""What a GPU gets of it: `python -m benchmarks.gpu`; without a GPU it stops with a sentence.

Patches are random numbers in the published layout, 64 different ones under many names, so that no image library is
needed and the store lies in memory. Measured are

- batches from store to finished images on the GPU, without a model;
- training, beside a bare loop over batches that are on the GPU already: how much of the GPU is left waiting;
- fine-tuning in whole, with a frozen backbone and with adapters, and maps;
- embedding, beside the bare forward passes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors.numpy import save
from torch.nn import functional

from reben.core.bands import BANDS, PATCH_SIZE_M
from reben.core.classes import CLC2018
from reben.core.names import PatchName, S1PatchName
from reben.data.datamodule import PatchDataModule
from reben.io.dataset.metadata import SCHEMA, write_metadata
from reben.io.store.values import REFERENCE_MAP_TENSOR, reference_map_key
from reben.io.store.writer import create_store
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.backbone_weights import load_backbone
from reben.learn.retrieval.features import embed
from reben.learn.retrieval.options import EmbedOptions
from reben.learn.training.hardware import Hardware
from reben.learn.training.loop import train
from reben.learn.training.recipe import Recipe

_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_00_00"
_SCENE = "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_0_0"
_DIFFERENT = 64
_BATCH = 512


def main() -> None:
    """Measure all, and print it as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patches", type=int, default=8_192, help="of the training split; a quarter more are others")
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--backbone", default="vit_base_patch16_224@random")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no GPU is here: nothing was measured")
    torch.set_float32_matmul_precision("medium")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store, metadata = write_data(Path(folder), options.patches)
        print("| what | patches/s | beside |\n|---|---:|---|", flush=True)
        for name, rate, beside in measured(Path(folder), store, metadata, options):
            print(f"| {name} | {rate:,.0f} | {beside} |", flush=True)


def measured(
    folder: Path, store: Path, metadata: Path, options: argparse.Namespace
) -> Iterator[tuple[str, float, str]]:
    """Name, rate and what it is compared with, of each measurement."""
    data = PatchDataModule(store, [metadata], batch_size=_BATCH, bands="all", snow_and_cloud=True)
    loading = options.patches / median(_loading_s(data) for _ in range(options.rounds))
    yield "batches of 12 bands, from the store to images on the GPU", loading, ""
    for precision in ("float32", "bfloat16"):
        recipe = Recipe(model=options.model, batch_size=_BATCH, epochs=3, warmup_steps=4, precision=precision,
                        channels_last=True, matmul_precision="medium", snow_and_cloud=True)  # fmt: skip
        bare, same = (_bare_rate(data, recipe, deterministic=asked) for asked in (False, True))
        row = _last_epoch(recipe, store, metadata, folder / f"run-{precision}")
        rate = options.patches / row["training_seconds"]
        beside = (
            f"{rate / bare:.2f} of a bare loop over one batch on the GPU ({bare:,.0f}), "
            f"{rate / same:.2f} of one with deterministic algorithms ({same:,.0f})"
        )
        yield f"reben train, {options.model}, {precision}", rate, f"{beside}; waiting {row['waiting_share']:.1%}"
    for name, settings in {
        "all layers": {}, "frozen": {"freeze": True}, "adapters of rank 8": {"adapter_rank": 8},
        "maps, frozen": {"freeze": True, "task": "segmentation"},
    }.items():  # fmt: skip
        tuned = Recipe(backbone=options.backbone, batch_size=128, epochs=2, warmup_steps=4, precision="bfloat16",
                       snow_and_cloud=True, **settings)  # type: ignore[arg-type] # fmt: skip
        torch.cuda.reset_peak_memory_stats()
        row = _last_epoch(tuned, store, metadata, folder / f"tuned-{name.replace(' ', '-')}")
        held = torch.cuda.max_memory_allocated() / 1e9
        yield f"tuning {options.backbone}, {name}", options.patches / row["training_seconds"], f"{held:.1f} GB"
    bare = _bare_embedding_rate(store, metadata, options.backbone)
    rate = _embedding_rate(store, metadata, folder, options.backbone, options.patches)
    yield f"reben embed, {options.backbone}, bfloat16", rate, f"{rate / bare:.2f} of bare forward passes ({bare:,.0f})"


def write_data(folder: Path, count: int) -> tuple[Path, Path]:
    """A store and its table: `count` training patches, and a quarter as many of both other splits."""
    random = np.random.default_rng(0)
    patch, scene = PatchName.parse(_TILE), S1PatchName.parse(_SCENE)
    pixels = [_pixels(random) for _ in range(_DIFFERENT)]
    splits = ["train"] * count + ["validation", "test"] * (count // 8)
    rows, items = [], []
    for number, split in enumerate(splits):
        column, row = divmod(number, 1_000)
        name = str(PatchName(patch.tile, column, row, index_width=3))
        s1 = str(S1PatchName(scene.scene, scene.mgrs, column, row))
        s2_bytes, s1_bytes, map_bytes, labels = pixels[number % _DIFFERENT]
        items += [(name, s2_bytes), (s1, s1_bytes), (reference_map_key(name), map_bytes)]
        rows.append((name, labels, split, None, s1, None, None, None))
    store = folder / "store"
    with create_store(store) as writer:
        writer.write_all(sorted(items))
        writer.finish()
    columns = [
        pa.array(list(values), field.type) for values, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)
    ]
    write_metadata(folder / "metadata.parquet", pa.Table.from_arrays(columns, schema=SCHEMA))
    return store, folder / "metadata.parquet"


def _pixels(random: np.random.Generator) -> tuple[bytes, bytes, bytes, list[str]]:
    """Values of a patch's three keys, and its labels."""

    def shape(band: str) -> tuple[int, int]:
        return (PATCH_SIZE_M // BANDS[band].resolution_m,) * 2

    s2 = {band: random.gamma(2, 900, shape(band)).astype(np.uint16) for band in BANDS if BANDS[band].sensor == "s2"}
    s1 = {band: random.normal(-15, 5, shape(band)).astype(np.float32) for band in ("VV", "VH")}
    covers = [cover for cover in CLC2018.entries if cover.class_name is not None]
    chosen = random.choice(len(covers), 4, replace=False)
    codes = np.array([covers[number].code for number in chosen], np.uint16)
    reference_map = random.choice(codes, (120, 120))
    labels = sorted({str(covers[number].class_name) for number in chosen})
    return save(s2), save(s1), save({REFERENCE_MAP_TENSOR: reference_map}), labels


def _finished(batch: Any) -> Any:  # noqa: ANN401 - a batch
    torch.cuda.synchronize()
    return batch


def _loading_s(data: PatchDataModule) -> float:
    """Seconds of an epoch without a model."""
    device, start = torch.device("cuda"), time.perf_counter()
    for batch in data.train_dataloader():
        data.prepared(batch, device)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def _bare_rate(data: PatchDataModule, recipe: Recipe, *, deterministic: bool) -> float:
    """Patches per second of the shortest loop that learns, on a batch that is on the GPU already.

    Args:
        data: gives the batch.
        recipe: of the model, its precision and its optimiser.
        deterministic: ask for deterministic algorithms, as `reben train` does.
    """
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    torch.backends.cudnn.deterministic = deterministic
    device = torch.device("cuda")
    batch = data.prepared(next(iter(data.train_dataloader())), device)
    images = batch["image"].to(memory_format=torch.channels_last)
    architecture = Architecture(str(recipe.model), images.shape[1], 19, 120, recipe.dropout, recipe.drop_path)
    model = build_model(architecture).to(device).train()
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            logits = model(images)
        loss = functional.binary_cross_entropy_with_logits(logits.float(), batch["label"].to(device).float())
        loss.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        optimizer.step()

    return _rate(step, len(images))


def _last_epoch(recipe: Recipe, store: Path, metadata: Path, run: Path) -> dict[str, Any]:
    """The last epoch's row of a run's table; the first one warms up."""
    rows: list[dict[str, Any]] = []
    train(
        recipe, store=store, metadata=[metadata], output=run, hardware=Hardware(accelerator="gpu"), report=rows.append
    )
    return rows[-1]


def _bare_embedding_rate(store: Path, metadata: Path, name: str) -> float:
    model = load_backbone(name).model.cuda()
    data = PatchDataModule(
        store, [metadata], bands=model.row.bands, statistics=None, batch_size=_BATCH, snow_and_cloud=True
    )
    images = data.prepared(next(iter(data.train_dataloader())), torch.device("cuda"))["image"]

    def step() -> None:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            model(images)

    return _rate(step, len(images))


def _embedding_rate(store: Path, metadata: Path, folder: Path, name: str, count: int) -> float:
    """Patches per second from the store to a file, without the time that building the model takes."""
    options = EmbedOptions(
        split=("train",), batch_size=_BATCH, snow_and_cloud=True, precision="bfloat16", dtype="float16"
    )
    begun: list[float] = []

    def start(_count: int) -> Callable[[int], None]:
        begun.append(time.perf_counter())
        return lambda _done: None

    embed(backbone=name, store=store, metadata=[metadata], output=folder / "e.parquet", options=options, start=start)
    return count / (time.perf_counter() - begun[0])


def _rate(step: Callable[[], None], patches: int, *, warmups: int = 5, steps: int = 20) -> float:
    """Patches per second of a step, once warm."""
    for _ in range(warmups):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    torch.cuda.synchronize()
    return patches * steps / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
