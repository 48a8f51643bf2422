"""What the training loop costs beside the model: an epoch of `reben train` against a bare PyTorch loop."""

import shutil
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.nn import functional

from reben.data.datamodule import PatchDataModule
from reben.demo.dataset import write_dataset
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.training.loop import train
from reben.learn.training.recipe import Recipe
from reben.work.processes import available_cpus

BARE, REBEN = "bare PyTorch loop", "reben train"
RECIPE = Recipe(model="resnet18", epochs=2, batch_size=32, warmup_steps=4)
_STEP = 4  # every 4th place along either axis: some 240 training patches


def measure(folder: Path, *, rounds: int) -> dict[str, float]:
    """Median seconds of the second epoch's training, each way in turn on the same batches; the first warms up."""
    shutil.rmtree(folder, ignore_errors=True)
    dataset = write_dataset(folder / "dataset", step=_STEP, workers=available_cpus())
    store = folder / "store"
    encode(plan_encoding(sources(s2=dataset.s2, s1=dataset.s1)), store)
    seconds: dict[str, list[float]] = {BARE: [], REBEN: []}
    for number in range(rounds):
        seconds[BARE].append(_bare_epoch_s(store, dataset.metadata))
        rows: list[dict[str, Any]] = []
        train(RECIPE, store=store, metadata=[dataset.metadata], output=folder / f"run-{number}", report=rows.append)
        seconds[REBEN].append(rows[-1]["training_seconds"])
    return {name: median(values) for name, values in seconds.items()}


def _bare_epoch_s(store: Path, metadata: Path) -> float:
    """Seconds of the second epoch of the shortest loop that learns."""
    data = PatchDataModule(store, metadata, batch_size=RECIPE.batch_size, seed=RECIPE.seed)
    torch.manual_seed(RECIPE.seed)
    model = build_model(Architecture(str(RECIPE.model), 12, 19, 120, RECIPE.dropout, RECIPE.drop_path)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RECIPE.learning_rate, weight_decay=RECIPE.weight_decay)
    loader = data.train_dataloader()
    start = 0.0
    for _ in range(RECIPE.epochs):
        start = time.perf_counter()
        for batch in loader:
            optimizer.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(batch["image"]), batch["label"])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return time.perf_counter() - start
