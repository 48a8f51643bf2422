"""Probes of embeddings: what simple learners make of them; what is to be chosen is chosen on the validation split."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.benchmark import linear, nearest
from reben.benchmark.fractions import Draw, draw, planned, read_draws, write_draws
from reben.benchmark.options import ProbeOptions
from reben.benchmark.results import Data, Model, Predictions, Run, write_results
from reben.benchmark.samples import Samples, Task, read_task, samples_of
from reben.benchmark.scoring import ap_macro, measure
from reben.core.errors import BenchmarkError
from reben.learn.retrieval.embeddings import EmbeddingModel, read_embeddings
from reben.learn.retrieval.neighbours import Index
from reben.learn.retrieval.provenance import hash_of_ids, versions
from reben.version import __version__
from reben.work.progress import Begin, begin_unseen


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a learner says of the test split."""

    probabilities: NDArray[np.float32]
    """Shape (patches, classes)."""
    chosen: dict[str, float]
    """What was chosen on the validation split, and the macro average precision there."""


def probe(
    tables: Sequence[Path],
    *,
    metadata: Sequence[Path],
    output: Path | None,
    options: ProbeOptions,
    lists: Path | None = None,
    start: Begin = begin_unseen,
) -> tuple[Run, ...]:
    """Measure embeddings, and write a result file with the predictions beside it.

    Args:
        tables: of embeddings, each of all patches of the metadata tables.
        metadata: tables with splits and labels.
        output: JSON file; None writes nothing.
        options: how.
        lists: Parquet file with the training patches of each fraction and seed: read if it is there, else written.
        start: called with the number of probes; returns the progress callback.

    Raises:
        EmbeddingError: if a table of embeddings cannot be read.
        BenchmarkError: if embeddings are of other patches, or a fraction is too small for a class.
        MetadataError: if a metadata table is wrong.
    """
    task = read_task(metadata, snow_and_cloud=options.snow_and_cloud)
    draws = _draws(task, options, lists)
    progress = start(len(tables) * len(draws) * len(options.method))
    runs: list[Run] = []
    predictions: list[NDArray[np.float32]] = []
    names: set[str] = set()
    for table in tables:
        embeddings = read_embeddings(table)
        model = model_of(embeddings.model)
        if model.name in names:
            raise BenchmarkError(f"{table}: another table is of {model.name}, too", hint="give each model once")
        names.add(model.name)
        samples = samples_of(embeddings, task, table.name)
        for one, method, found in _predicted(samples, draws, options):
            runs.append(_run(model, method, one, found, task, options))
            predictions.append(found.probabilities)
            progress(1)
    if output is not None:
        test = task.splits["test"]
        write_results(
            output,
            code=code_versions(),
            data=data_of(task),
            runs=runs,
            predictions=Predictions(test.ids, test.units(), test.labels, predictions),
        )
    return tuple(runs)


def _draws(task: Task, options: ProbeOptions, lists: Path | None) -> list[Draw]:
    """Training patches of each fraction and seed: from the file, or drawn and written there.

    Raises:
        BenchmarkError: if the file lacks one, or is of other patches; or if a fraction is too small for a class.
    """
    train = task.splits["train"]
    wanted = planned(options.fraction, options.seeds)
    if lists is None or not lists.exists():
        draws = [draw(train.ids, train.labels, *key, task.legend.class_names) for key in wanted]
        if lists is not None:
            write_draws(lists, draws)
        return draws
    known = read_draws(lists)
    for fraction, seed in wanted:
        if (fraction, seed) not in known:
            raise BenchmarkError(
                f"{lists}: has no list of fraction {fraction:g}, seed {seed}", hint="give another name for a new file"
            )
        strange = set(known[fraction, seed].patch_ids) - set(train.ids)
        if strange:
            raise BenchmarkError(
                f"{lists}: lists {len(strange)} patches that are not in the training split, such as {min(strange)!r}",
                hint="give the lists of this data set",
            )
    return [known[key] for key in wanted]


def _predicted(
    samples: dict[str, Samples], draws: Sequence[Draw], options: ProbeOptions
) -> Iterator[tuple[Draw, str, Predicted]]:
    """What each method learns from each draw."""
    learners: dict[str, Callable[[Samples, Samples, Samples], Predicted]] = {"linear": by_regression, "knn": by_nearest}
    train = samples["train"]
    places = {name: row for row, name in enumerate(train.truth.ids)}
    for one in draws:
        rows = sorted(places[name] for name in one.patch_ids)
        part = train if len(rows) == len(places) else _part(train, rows)
        for method in options.method:
            yield one, method, learners[method](part, samples["validation"], samples["test"])


def _part(samples: Samples, rows: list[int]) -> Samples:
    truth = samples.truth
    return Samples(
        samples.vectors[rows],
        type(truth)(
            [truth.ids[row] for row in rows],
            truth.labels[rows],
            [truth.countries[row] for row in rows],
            None if truth.tiles is None else [truth.tiles[row] for row in rows],
        ),
    )


def by_regression(train: Samples, validation: Samples, test: Samples) -> Predicted:
    """Logistic regressions of the strength that is best on the validation split."""
    standard = linear.standard_of(train.vectors)
    known = standard.of(validation.vectors)
    best, score = None, -1.0
    for fit in linear.fits(standard.of(train.vectors), train.truth.labels):
        found = ap_macro(fit.probabilities(known), validation.truth.labels)
        if found > score:
            best, score = fit, found
    if best is None:
        raise BenchmarkError("no strength of regularisation could be fitted")
    chosen = {"strength": best.strength, "validation_ap_macro": score}
    return Predicted(best.probabilities(standard.of(test.vectors)), chosen)


def by_nearest(train: Samples, validation: Samples, test: Samples) -> Predicted:
    """Shares of the number of neighbours that is best on the validation split."""
    index = Index(train.vectors)
    known = nearest.shares(index, train.truth.labels, validation.vectors, nearest.NEIGHBOURS)
    scores = {number: ap_macro(found, validation.truth.labels) for number, found in known.items()}
    best = max(scores, key=lambda number: (scores[number], -number))
    found = nearest.shares(index, train.truth.labels, test.vectors, (best,))
    return Predicted(found[best], {"k": float(best), "validation_ap_macro": scores[best]})


def _run(  # noqa: PLR0917 - what a run is made of
    model: Model, method: str, one: Draw, found: Predicted, task: Task, options: ProbeOptions
) -> Run:
    return run_of(
        model,
        method,
        found.probabilities,
        task,
        fraction=one.fraction,
        seed=one.seed,
        train=(len(one.patch_ids), hash_of_ids(one.patch_ids)),
        chosen=found.chosen,
        resamples=options.bootstrap,
    )


def run_of(
    model: Model,
    method: str,
    probabilities: NDArray[np.float32],
    task: Task,
    *,
    fraction: float,
    seed: int,
    train: tuple[int, str],
    chosen: dict[str, float],
    resamples: int,
) -> Run:
    """A run with its scores on the test split.

    Args:
        model: what was measured.
        method: by which.
        probabilities: of the test patches, shape (patches, classes).
        task: what was to be predicted.
        fraction: of the training split.
        seed: of the draw, or of the training.
        train: number of training patches, and the hash of their ids.
        chosen: on the validation split.
        resamples: for intervals.
    """
    measured = measure(probabilities, task.splits["test"], task.legend.class_names, resamples=resamples)
    scores = measured.scores
    return Run(
        model=model,
        method=method,
        fraction=fraction,
        seed=seed,
        train_patches=train[0],
        train_sha256=train[1],
        chosen=chosen,
        scores={"ap_macro": scores.ap_macro, "ap_micro": scores.ap_micro, "f1_macro": scores.f1_macro,
                "f1_micro": scores.f1_micro},
        chance_ap_macro=scores.chance_ap_macro,
        ap_per_class=scores.ap_per_class,
        classes_without_positives=tuple(scores.classes_without_positives),
        ap_macro_by_country=measured.by_country,
        intervals=measured.intervals,
        intervals_by=measured.intervals_by,
    )  # fmt: skip


def model_of(model: EmbeddingModel) -> Model:
    """What a table of embeddings says of its model, as results note it."""
    return Model(
        name=model.checkpoint,
        architecture=model.timm_name,
        weights_sha256=model.fingerprint,
        bands=model.bands,
        row=model.row,
        details={
            "layer": model.layer,
            "precision": model.precision,
            "dtype": model.dtype,
            "published_sha256": model.published_sha256,
        },
    )


def data_of(task: Task) -> Data:
    """The task, as results note it."""
    return Data(
        patches_sha256=task.patches_sha256,
        rows_sha256=task.rows_sha256,
        patches={split: len(truth.ids) for split, truth in task.splits.items()},
        class_names=task.legend.class_names,
        snow_and_cloud=task.snow_and_cloud,
    )


def code_versions() -> dict[str, str]:
    """Versions of what makes numbers."""
    return {"reben": __version__, "faiss": version("faiss-cpu"), **versions()}
