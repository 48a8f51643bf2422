"""Result files: scores with all that proves what they were made of, and the predictions beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from reben.core.errors import BenchmarkError
from reben.io.records import read_record
from reben.work import atomic
from reben.work.checksums import sha256

FORM = 1
"""Of result files."""
_HINT = "give a file that `reben probe --json` or `reben evaluate --result` wrote"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Model(_Record):
    """What was measured."""

    name: str
    """As it was asked for, such as moco-resnet18-s2@random."""
    architecture: str
    weights_sha256: str
    bands: tuple[str, ...]
    row: str = ""
    """Of the table of backbones, as JSON."""
    details: dict[str, str] = {}
    """Pooling, arithmetic, numbers of the vectors, hash of the published pickle."""


class Data(_Record):
    """On what it was measured."""

    patches_sha256: dict[str, str]
    """Of the ids of each split."""
    rows_sha256: str
    """Of ids, splits and labels."""
    patches: dict[str, int]
    class_names: tuple[str, ...]
    snow_and_cloud: bool


class Interval(_Record):
    """Where a metric lies with 95 % confidence."""

    low: float
    high: float


class Run(_Record):
    """One probe, or one trained model."""

    model: Model
    method: str
    """linear, knn, or how it was trained."""
    fraction: float
    seed: int
    train_patches: int
    train_sha256: str
    """Of the ids of the training patches."""
    chosen: dict[str, float]
    """What was chosen on the validation split, and its score there."""
    scores: dict[str, float]
    """Of the test split: ap_macro, ap_micro, f1_macro, f1_micro."""
    chance_ap_macro: float
    ap_per_class: dict[str, float]
    classes_without_positives: tuple[str, ...]
    ap_macro_by_country: dict[str, float]
    intervals: dict[str, Interval]
    """By metric; empty if none were computed."""
    intervals_by: str
    """What was resampled as a whole."""

    @property
    def key(self) -> tuple[str, str, float]:
        """What runs of several seeds have in common."""
        return self.model.name, self.method, self.fraction


class Results(_Record):
    """A result file."""

    form: int = FORM
    code: dict[str, str]
    """Versions of reben and of the libraries that make numbers."""
    data: Data
    runs: tuple[Run, ...]
    predictions: str
    """Name of the file beside it."""
    predictions_sha256: str


def predictions_path(path: Path) -> Path:
    """Where the predictions of a result file are."""
    return path.with_suffix(".predictions.parquet")


@dataclass(frozen=True, slots=True)
class Predictions:
    """What stands beside a result file: the test patches, and what each run says of them."""

    ids: list[str]
    units: list[str]
    """What is resampled as a whole: tile of each patch, or the patch where ids do not tell it."""
    labels: NDArray[np.bool_]
    """Shape (patches, classes)."""
    of_runs: list[NDArray[np.float32]]
    """Probabilities of each run, shape (patches, classes)."""


def write_results(
    path: Path, *, code: dict[str, str], data: Data, runs: Sequence[Run], predictions: Predictions
) -> None:
    """Write a result file, and the predictions beside it.

    Args:
        path: JSON file.
        code: versions.
        data: on what was measured.
        runs: what was measured.
        predictions: of the runs.
    """
    beside = predictions_path(path)
    classes = len(data.class_names)
    matrices: list[NDArray[Any]] = [predictions.labels.astype(np.uint8), *predictions.of_runs]
    columns = [
        pa.array(predictions.ids, pa.string()),
        pa.array(predictions.units, pa.string()),
        *(pa.FixedSizeListArray.from_arrays(pa.array(found.ravel()), classes) for found in matrices),
    ]
    names = ["patch_id", "unit", "labels", *(f"run_{number}" for number in range(len(runs)))]
    with atomic.new_file(beside) as partial:
        pq.write_table(pa.table(columns, names), partial, compression="zstd")
    results = Results(
        code=code, data=data, runs=tuple(runs), predictions=beside.name, predictions_sha256=sha256(beside)
    )
    atomic.write_json(path, results.model_dump(mode="json"))


def read_results(path: Path) -> Results:
    """A result file.

    Raises:
        BenchmarkError: if it cannot be read, or is of another form.
    """
    results = read_record(path, Results, error=BenchmarkError, hint=_HINT)
    if results.form != FORM:
        raise BenchmarkError(f"{path}: has form {results.form}; this version reads {FORM}", hint="update reben")
    return results


def read_predictions(path: Path, results: Results) -> Predictions:
    """Test patches, and the predictions of each run of a result file.

    Raises:
        BenchmarkError: if the file beside it is missing, or another one.
    """
    beside = path.with_name(Path(results.predictions).name)
    if not beside.is_file() or sha256(beside) != results.predictions_sha256:
        raise BenchmarkError(
            f"{beside}: is missing, or not the file that was written with {path.name}",
            hint="keep both files together",
        )
    table, classes = pq.read_table(beside), len(results.data.class_names)

    def column(name: str) -> NDArray[np.float32]:
        values: NDArray[np.float32] = table[name].combine_chunks().flatten().to_numpy().reshape(-1, classes)
        return values

    return Predictions(
        table["patch_id"].to_pylist(),
        table["unit"].to_pylist(),
        column("labels") > 0,
        [column(f"run_{number}") for number in range(len(results.runs))],
    )
