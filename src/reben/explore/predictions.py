"""What a model says of patches, and how far it is from their labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reben.core.errors import MetadataError
from reben.core.wording import first_of

_HINT = "give a .parquet file that `reben predict --output` wrote for these patches"


@dataclass(frozen=True, slots=True)
class Predictions:
    """Probabilities of all patches, in their order; those that were not predicted have NaN."""

    probabilities: NDArray[np.float32]
    """Shape (patches, classes), in the legend's order."""
    wrong: NDArray[np.int32]
    """Labels that are missing or too many, shape (patches,); -1 where nothing was predicted."""
    error: NDArray[np.float32]
    """Mean over the classes of the distance between probability and label (0 or 1), shape (patches,)."""


def read_predictions(
    path: Path, patch_ids: pa.ChunkedArray, labels: NDArray[np.bool_], class_names: tuple[str, ...]
) -> Predictions:
    """Read predictions of patches.

    Args:
        path: that `reben predict` wrote.
        patch_ids: of which patches.
        labels: of them, shape (patches, classes).
        class_names: of the legend, in its order.

    Raises:
        MetadataError: if it is not such a file, lacks a class, or none of the patches is in it.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise MetadataError(f"{path}: cannot be read as a Parquet table ({error})", hint=_HINT) from error
    missing = [name for name in ("patch_id", "labels", *class_names) if name not in table.column_names]
    if missing:
        raise MetadataError(f"{path}: has no column {first_of(missing)}", hint=_HINT)
    rows = pc.index_in(patch_ids.combine_chunks(), table["patch_id"].combine_chunks())
    known = rows.is_valid().to_numpy(zero_copy_only=False)
    if not known.any():
        raise MetadataError(f"{path}: has none of the {len(known):,} patches", hint=_HINT)
    taken = table.take(rows.drop_null())
    probabilities = np.full(labels.shape, np.nan, np.float32)
    probabilities[known] = np.column_stack([taken[name].cast(pa.float32()).to_numpy() for name in class_names])
    wrong = np.full(len(known), -1, np.int32)
    wrong[known] = (multi_hot(taken["labels"], class_names) != labels[known]).sum(axis=1)
    return Predictions(probabilities, wrong, np.abs(probabilities - labels).mean(axis=1, dtype=np.float32))


def multi_hot(labels: pa.ChunkedArray, class_names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which of the classes each row has, shape (rows, classes); other labels are left out."""
    column = labels.combine_chunks()
    found = np.zeros((len(column), len(class_names)), np.bool_)
    classes = pc.index_in(pc.list_flatten(column), pa.array(class_names, pa.string()))
    named = classes.is_valid().to_numpy(zero_copy_only=False)
    parents = pc.list_parent_indices(column).to_numpy()
    found[parents[named], classes.drop_null().to_numpy()] = True
    return found
