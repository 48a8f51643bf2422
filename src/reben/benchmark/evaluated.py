"""Trained models as results: tested on the patches of the tables, in the same form as probes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reben.benchmark.probe import code_versions, data_of, run_of
from reben.benchmark.results import Model, Predictions, Results, read_results, write_results
from reben.benchmark.samples import read_task
from reben.io.store import StorePlace
from reben.learn.inference.options import BATCH_SIZE
from reben.learn.inference.outputs import logits_of, open_data
from reben.learn.models.weights import load_model
from reben.learn.retrieval.embeddings import fingerprint_of
from reben.learn.tasks.task import Output
from reben.learn.training.run_directory import RunDirectory
from reben.work.progress import Begin, begin_unseen


def write_evaluation(
    checkpoint: str | os.PathLike[str],
    *,
    store: StorePlace,
    metadata: list[Path],
    output: Path,
    resamples: int = 200,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    snow_and_cloud: bool = False,
    start: Begin = begin_unseen,
) -> Results:
    """Test a trained model, and write a result file with the predictions beside it.

    Args:
        checkpoint: run directory, folder with weights, or name on the hub.
        store: where the pixels are.
        metadata: tables with splits and labels.
        output: JSON file.
        resamples: of whole tiles, for intervals.
        batch_size: patches per step.
        workers: loading threads; None chooses.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if there is no model, or it does not give labels.
        BenchmarkError: if a split has no patch.
        MetadataError, StoreError: if data cannot be read.
    """
    trained = load_model(checkpoint)
    trained.expect_output(Output.labels)
    task = read_task(metadata, snow_and_cloud=snow_and_cloud)
    data = open_data(
        trained, store=store, metadata=metadata, batch_size=batch_size, workers=workers, snow_and_cloud=snow_and_cloud
    )
    test, train = task.splits["test"], task.splits["train"]
    patches = data.dataset("test").patches.select(test.ids)
    probabilities = logits_of(trained, data, patches, progress=start(len(patches))).sigmoid().numpy()
    method, name, seed = _trained_how(checkpoint)
    model = Model(
        name=name,
        architecture=trained.architecture.timm_name,
        weights_sha256=fingerprint_of(trained.model),
        bands=trained.bands,
    )
    run = run_of(
        model,
        method,
        probabilities,
        task,
        fraction=1.0,
        seed=seed,
        train=(len(train.ids), task.patches_sha256["train"]),
        chosen={},
        resamples=resamples,
    )
    predictions = Predictions(test.ids, test.units(), test.labels, [probabilities])
    write_results(output, code=code_versions(), data=data_of(task), runs=[run], predictions=predictions)
    return read_results(output)


def _trained_how(checkpoint: str | os.PathLike[str]) -> tuple[str, str, int]:
    """Method, name and seed, as far as a run directory tells them."""
    run = RunDirectory(Path(checkpoint))
    name = Path(checkpoint).resolve().name if Path(checkpoint).is_dir() else os.fspath(checkpoint)
    if not run.recipe.exists():
        return "trained elsewhere", name, 0
    recipe = run.read_recipe()
    started = recipe.get("backbone") or recipe.get("init")
    tuned = bool(started) or bool(recipe.get("pretrained"))
    return (
        _method(recipe, tuned=tuned),
        str(recipe.get("backbone") or recipe.get("model") or name),
        int(recipe.get("seed", 0)),
    )


def _method(recipe: Mapping[str, Any], *, tuned: bool) -> str:
    """How a model was trained, in words."""
    if recipe.get("freeze"):
        return "frozen"
    if recipe.get("adapter_rank"):
        return f"adapters of rank {recipe['adapter_rank']}"
    if not tuned:
        return "trained from random weights"
    decay = float(recipe.get("layer_decay", 1.0))
    return "fine-tuned" if decay == 1 else f"fine-tuned, layer decay {decay:g}"
