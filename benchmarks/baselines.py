"""How good models are beside honest baselines, on the demo's data: writes docs/baselines.md.

Run with `make baselines`. The data are made up: what counts is that a model beats guessing and what simple statistics
of the same pixels reach, not how well it does.
"""

import argparse
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reben.data.opening import open_dataset
from reben.demo.job import make_data
from reben.io.dataset.paths import DatasetPaths
from reben.learn.inference.evaluation import evaluate_test_split
from reben.learn.retrieval.embeddings import read_embeddings
from reben.learn.retrieval.features import embed
from reben.learn.retrieval.metrics import RetrievalScores, evaluate_retrieval
from reben.learn.retrieval.options import EmbedOptions
from reben.learn.scores import multilabel, segmentation
from reben.learn.training.loop import train
from reben.learn.training.recipe import Recipe

MODEL = "mobilevit_s"
_CLASSIFICATION = Recipe(
    model=MODEL, epochs=30, batch_size=16, warmup_steps=40, dropout=0.0, drop_path=0.0, patience=10, seed=0
)
_SEGMENTATION = _CLASSIFICATION.model_copy(update={"task": "segmentation", "epochs": 20})
_PIXELS_PER_PATCH = 500
"""From which the logistic regression of pixels learns."""
_NEIGHBOURS = 10


@dataclass(frozen=True)
class Data:
    """Where the demo's data are."""

    store: Path
    metadata: Path

    def images(self, split: str, *, maps: bool = False) -> Iterator[dict[str, torch.Tensor]]:
        """Every patch of a split: `image`, `label` and, if asked for, `mask`."""
        dataset = open_dataset(self.store, self.metadata, split=split, bands="all", reference_maps=maps)
        return (dataset[number] for number in range(len(dataset)))


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".bench/baselines"), help="folder for data and runs")
    parser.add_argument("--output", type=Path, default=Path("docs/baselines.md"))
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    data = _make_data(options.work)
    start = time.perf_counter()
    labels, maps = _measure(_CLASSIFICATION, data, options.work), _measure(_SEGMENTATION, data, options.work)
    trained_s = time.perf_counter() - start
    options.output.write_text(
        _report(
            labels,
            maps,
            band_means_baseline(data),
            pixel_baseline(data),
            retrieval(data, options.work),
            minutes=trained_s / 60,
        ),
        encoding="utf-8",
    )
    print(options.output.read_text(encoding="utf-8"))


def _make_data(work: Path) -> Data:
    store, dataset = make_data(work, report_stage=print)
    return Data(store, DatasetPaths(dataset).metadata)


def _measure(recipe: Recipe, data: Data, work: Path) -> Any:  # noqa: ANN401 - scores of the recipe's task
    """Train, and test the best epoch."""
    run = work / recipe.task
    train(
        recipe, store=data.store, metadata=[data.metadata], output=run, report=lambda row: print(row["epoch"], end=" ")
    )
    scores = evaluate_test_split(run, store=data.store, metadata=[data.metadata])
    if scores is None:
        raise SystemExit("the demo's data have no test split")
    return scores


def band_means_baseline(data: Data) -> multilabel.Scores:
    """One logistic regression per class on the means of the twelve bands of a patch."""

    def features(split: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        samples = list(data.images(split))
        means = np.stack([sample["image"].mean(dim=(1, 2)).numpy() for sample in samples])
        return means, np.stack([sample["label"].numpy() for sample in samples])

    x, y = features("train")
    taught = np.flatnonzero((y.min(axis=0) == 0) & (y.max(axis=0) == 1))  # a class that all or no patches have
    model = OneVsRestClassifier(make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)))
    model.fit(x, y[:, taught])
    x_test, y_test = features("test")
    probabilities = np.tile(y.mean(axis=0), (len(x_test), 1))
    probabilities[:, taught] = model.predict_proba(x_test)
    return multilabel.score(torch.from_numpy(probabilities).float(), torch.from_numpy(y_test), _class_names(data))


def pixel_baseline(data: Data) -> segmentation.SegmentationScores:
    """Multinomial logistic regression on the twelve values of a pixel."""
    random = np.random.default_rng(0)
    pixels, classes = [], []
    for sample in data.images("train", maps=True):
        mask = sample["mask"].numpy().ravel()
        chosen = random.choice(np.flatnonzero(mask >= 0), _PIXELS_PER_PATCH)
        pixels.append(sample["image"].numpy().reshape(12, -1).T[chosen])
        classes.append(mask[chosen])
    model = LogisticRegression(max_iter=1000).fit(np.concatenate(pixels), np.concatenate(classes))
    names = _class_names(data)
    confusion, patches = np.zeros((len(names), len(names)), np.int64), 0
    for sample in data.images("test", maps=True):
        mask = sample["mask"].numpy().ravel()
        predicted = model.predict(sample["image"].numpy().reshape(12, -1).T)
        np.add.at(confusion, (mask[mask >= 0], predicted[mask >= 0]), 1)
        patches += 1
    return segmentation.score(confusion, names, patches=patches)


def retrieval(data: Data, work: Path) -> RetrievalScores:
    """Test patches searched among training patches, by the embeddings of the classifier."""
    table = work / "embeddings.parquet"
    embed(
        work / "classification",
        store=data.store,
        metadata=[data.metadata],
        output=table,
        options=EmbedOptions(split=("train", "test"), batch_size=32),
    )
    embeddings = read_embeddings(table)
    return evaluate_retrieval(embeddings.of_split("test"), embeddings.of_split("train"), k=_NEIGHBOURS)


def _class_names(data: Data) -> tuple[str, ...]:
    return open_dataset(data.store, data.metadata, split="test", bands="s2").patches.legend.class_names


def _report(
    labels: multilabel.Scores,
    maps: segmentation.SegmentationScores,
    means: multilabel.Scores,
    pixels: segmentation.SegmentationScores,
    found: RetrievalScores,
    *,
    minutes: float,
) -> str:
    return f"""# Models beside baselines

Made by `make baselines` from the data of `make demo`: a made-up landscape; nothing was observed by a satellite. The
figures say that the models learn, not how well they would do on reBEN. All are of the test split, {labels.patches}
patches, with all twelve bands and one seed; training took {minutes:.0f} minutes on 2 processor cores.

## Labels of patches

{_CLASSIFICATION.model}, {_CLASSIFICATION.epochs} epochs at most. The baseline is one logistic regression per class
(scikit-learn) on the means of the twelve bands of a patch.

| | macro AP | micro AP | macro F1 | micro F1 |
|---|---:|---:|---:|---:|
| chance (share of patches with each class) | {labels.chance_ap_macro:.3f} | | | |
| logistic regression on band means | {_four(means)} |
| {MODEL} | {_four(labels)} |

## Maps of pixels

A U-Net over {_SEGMENTATION.model}, {_SEGMENTATION.epochs} epochs at most. The baseline is a multinomial logistic
regression (scikit-learn) on the twelve values of a pixel, learnt from {_PIXELS_PER_PATCH} pixels per training patch.

| | mean IoU | macro F1 | pixel accuracy |
|---|---:|---:|---:|
| most frequent class everywhere | | | {maps.majority_pixel_accuracy:.3f} |
| logistic regression of pixels | {_three(pixels)} |
| U-Net over {MODEL} | {_three(maps)} |

## Retrieval

Test patches are searched among the training patches by the embeddings of the classifier above; a found patch is
relevant if it shares a label.

| | mAP@{found.k} | precision@{found.k} | recall@{found.k} |
|---|---:|---:|---:|
| random order | {found.chance_map_at_k:.3f} | {found.chance_precision_at_k:.3f} | {found.chance_recall_at_k:.3f} |
| embeddings of {MODEL} | {found.map_at_k:.3f} | {found.precision_at_k:.3f} | {found.recall_at_k:.3f} |
"""


def _four(scores: multilabel.Scores) -> str:
    values = (scores.ap_macro, scores.ap_micro, scores.f1_macro, scores.f1_micro)
    return " | ".join(f"{value:.3f}" for value in values)


def _three(scores: segmentation.SegmentationScores) -> str:
    return " | ".join(f"{value:.3f}" for value in (scores.mean_iou, scores.f1_macro, scores.pixel_accuracy))


if __name__ == "__main__":
    main()
