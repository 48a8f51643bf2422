"""What embedding and probing cost: `python -m benchmarks.probing`.

Embedding beside bare forward passes on the same batches; the linear probe of 100,000 vectors of 768 numbers; and its
solver beside scikit-learn's and torch's L-BFGS on the same problem.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.timing import peak_memory_bytes
from reben.benchmark.linear import STRENGTHS, fits, standard_of
from reben.benchmark.scoring import ap_macro
from reben.data.opening import open_dataset
from reben.demo.dataset import write_dataset
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.learn.models.backbone_weights import load_backbone
from reben.learn.retrieval.features import embed
from reben.learn.retrieval.options import EmbedOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CLASSES, _HIDDEN, _BATCH = 19, 64, 32
_SMALL = (4_000, 128)
_STRENGTH = 1e-3


def main() -> None:
    """Measure all, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="moco-resnet18-s2@random")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patches", type=int, default=100_000, help="vectors of the probe")
    parser.add_argument("--only", choices=("embedding", "probe", "solvers"))
    options = parser.parse_args()
    if options.only in {None, "embedding"}:
        embedding(options.backbone, options.rounds)
    if options.only in {None, "probe"}:
        probe(options.patches, 768)
    if options.only in {None, "solvers"}:
        solvers()


def embedding(name: str, rounds: int) -> None:
    """Embedding from store to file, beside the forward passes alone on batches that are in memory."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_dataset(Path(folder) / "dataset", step=10)
        store = Path(folder) / "store"
        encode(plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)), store)
        model = load_backbone(name).model
        raw = open_dataset(store, paths.metadata, bands=model.row.bands, statistics=None, snow_and_cloud=True)
        count = len(raw)
        batches = [raw.batch(range(n, min(n + _BATCH, count)))["image"].clone() for n in range(0, count, _BATCH)]

        def bare() -> None:
            loaded = load_backbone(name).model
            with torch.inference_mode():
                for batch in batches:
                    loaded(batch)

        def whole() -> None:
            chosen = EmbedOptions(batch_size=_BATCH, snow_and_cloud=True)
            embed(
                backbone=name, store=store, metadata=[paths.metadata], output=Path(folder) / "e.parquet", options=chosen
            )

        found = _best_s({"bare": bare, "embed": whole}, rounds)
    ratio = found["embed"] / found["bare"]
    spent = f"{found['embed']:.2f} s of processor time, {ratio:.3f} times the passes alone"
    print(f"embedding {count} patches by {name}: {spent}")


def _best_s(ways: "Mapping[str, Callable[[], None]]", rounds: int) -> dict[str, float]:
    """Processor time of each way, in seconds, the least of some rounds: others may be at work on the machine."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: min(values) for name, values in times.items()}


def probe(patches: int, dimensions: int) -> None:
    """The linear probe: all strengths, each scored on a validation set of a quarter of the size."""
    vectors, labels = _problem(patches + patches // 4, dimensions)
    start = time.perf_counter()
    standard = standard_of(vectors[:patches])
    known, unknown = standard.of(vectors[:patches]), standard.of(vectors[patches:])
    scores = [ap_macro(fit.probabilities(unknown), labels[patches:]) for fit in fits(known, labels[:patches])]
    spent = time.perf_counter() - start
    print(f"probe of {patches:,} x {dimensions}, {len(STRENGTHS)} strengths, {torch.get_num_threads()} threads: "
          f"{spent:.1f} s, {peak_memory_bytes() / 1e9:.2f} GB, macro AP {max(scores):.4f}")  # fmt: skip


def solvers() -> None:
    """Our solver, scikit-learn's and torch's L-BFGS on one problem and one strength."""
    count, dimensions = _SMALL
    vectors, labels = _problem(2 * count, dimensions)
    standard = standard_of(vectors[:count])
    known, unknown = standard.of(vectors[:count]), standard.of(vectors[count:])
    ways: dict[str, Callable[[], NDArray[np.float32]]] = {
        "ours": lambda: list(fits(known, labels[:count], (_STRENGTH,)))[-1].probabilities(unknown),
        "scikit-learn": lambda: _by_sklearn(known, unknown, labels[:count]),
        "torch L-BFGS": lambda: _by_lbfgs(known, unknown, labels[:count]),
    }
    for name, way in ways.items():
        start = time.perf_counter()
        found = way()
        spent = time.perf_counter() - start
        print(f"{name}, {count:,} x {dimensions}: {spent:.2f} s, macro AP {ap_macro(found, labels[count:]):.6f}")


def _by_sklearn(known: torch.Tensor, unknown: torch.Tensor, labels: NDArray[np.bool_]) -> NDArray[np.float32]:
    columns = []
    for label in labels.T:
        model = LogisticRegression(C=1 / (_STRENGTH * len(known)), tol=1e-6, max_iter=2000)
        columns.append(model.fit(known.numpy(), label).predict_proba(unknown.numpy())[:, 1])
    return np.stack(columns, 1).astype(np.float32)


def _by_lbfgs(known: torch.Tensor, unknown: torch.Tensor, labels: NDArray[np.bool_]) -> NDArray[np.float32]:
    target = torch.from_numpy(labels.astype(np.float32))
    weights = torch.zeros(known.shape[1], _CLASSES, requires_grad=True)
    offsets = torch.zeros(_CLASSES, requires_grad=True)
    search = torch.optim.LBFGS([weights, offsets], max_iter=2000, tolerance_grad=1e-7, line_search_fn="strong_wolfe")

    def objective() -> torch.Tensor:
        search.zero_grad()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(known @ weights + offsets, target)
        loss = entropy * _CLASSES + _STRENGTH / 2 * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        return loss

    search.step(objective)  # type: ignore[no-untyped-call] # as above
    with torch.no_grad():
        found: NDArray[np.float32] = torch.sigmoid(unknown @ weights + offsets).numpy()
    return found


def _problem(count: int, dimensions: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Correlated vectors, as embeddings are, and labels of classes from common to rare."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(count, _HIDDEN)).astype(np.float32)
    mixing = random.normal(size=(_HIDDEN, dimensions)) * random.gamma(1, 1, size=(_HIDDEN, 1))
    vectors = hidden @ mixing.astype(np.float32)
    vectors += 0.3 * random.normal(size=vectors.shape).astype(np.float32)
    chances = hidden @ random.normal(size=(_HIDDEN, _CLASSES)) + np.linspace(-22, 0, _CLASSES)
    return vectors, chances + 1.5 * random.logistic(size=chances.shape) > 0


if __name__ == "__main__":
    main()
