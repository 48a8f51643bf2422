"""Tables of embeddings: Parquet, one row per patch, with the model that made them in the schema's metadata."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from torch import nn

from reben.core.errors import EmbeddingError
from reben.io.small_files import parse_json
from reben.learn.models.trained_model import TrainedModel
from reben.work import atomic

COLUMNS = ("patch_id", "split", "country", "labels")
"""What a table says of a patch beside its embedding."""

_KEY = b"reben_embeddings"
_PROVENANCE_KEY = b"reben_provenance"
_TYPES = {"float32": pa.float32(), "float16": pa.float16()}
ROW_GROUP_ROWS = 8192  # 64 MB of 2048 dimensions: what a reader holds at a time
_HINT = "give a table that `reben embed` wrote"


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """What made the embeddings of a table."""

    checkpoint: str
    """As it was given: name on the hub, or name of the folder."""
    timm_name: str
    fingerprint: str
    """SHA-256 of the weights."""
    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    layer: str
    class_names: tuple[str, ...]
    dimensions: int
    row: str = ""
    """Of the table of backbones, as JSON; empty for a trained model, of which bands and statistics tell all."""
    published_sha256: str = ""
    """Of the pickle of which the weights were made, if they were published as one."""
    precision: str = "float32"
    """Arithmetic of the network."""
    dtype: str = "float32"
    """Of the vectors in the file."""

    @classmethod
    def of(cls, trained: TrainedModel, checkpoint: str | os.PathLike[str], dimensions: int, layer: str) -> Self:
        """What is to be known of a loaded model."""
        folder = Path(checkpoint)
        return cls(
            checkpoint=folder.resolve().name if folder.is_dir() else os.fspath(checkpoint),
            timm_name=trained.architecture.timm_name,
            fingerprint=fingerprint_of(trained.model),
            bands=trained.bands,
            mean=tuple(trained.statistics[band].mean for band in trained.bands),
            std=tuple(trained.statistics[band].std for band in trained.bands),
            layer=layer,
            class_names=trained.class_names,
            dimensions=dimensions,
        )


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Patches with their embeddings."""

    rows: pa.Table
    """`COLUMNS` of each patch."""
    vectors: NDArray[np.float32]
    """Shape (patches, dimensions)."""
    model: EmbeddingModel
    provenance: Mapping[str, str] = field(default_factory=dict)
    """What else made them: versions, and hashes of the tables; empty for tables of earlier versions."""

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def ids(self) -> list[str]:
        """Patch ids."""
        ids: list[str] = self.rows["patch_id"].to_pylist()
        return ids

    def take(self, rows: Sequence[int]) -> Self:
        """Some rows, in the given order."""
        return type(self)(
            self.rows.take(pa.array(rows, pa.int64())),
            self.vectors[np.array(rows, np.int64)],
            self.model,
            self.provenance,
        )

    def of_split(self, split: str) -> Self:
        """The patches of one split.

        Raises:
            EmbeddingError: if there is none.
        """
        rows = np.flatnonzero(pc.equal(self.rows["split"], split).to_numpy())
        if not len(rows):
            raise EmbeddingError(f"the table has no patch of the {split} split", hint="embed that split, too")
        return self.take(rows.tolist())

    def row_of(self, patch_id: str) -> int | None:
        """Where a patch is; None if it is not in the table."""
        row = int(pc.index(self.rows["patch_id"], patch_id).as_py())
        return None if row < 0 else row

    def multi_hot(self) -> NDArray[np.bool_]:
        """Labels, shape (patches, classes), in the order of the model's class names."""
        labels = self.rows["labels"].combine_chunks()
        columns = pc.index_in(pc.list_flatten(labels), pa.array(self.model.class_names))
        vectors = np.zeros((len(self), len(self.model.class_names)), np.bool_)
        vectors[pc.list_parent_indices(labels).to_numpy(), columns.to_numpy()] = True
        return vectors


def read_embeddings(path: Path) -> Embeddings:
    """A table that `write_embeddings` wrote.

    Raises:
        EmbeddingError: if there is none, or it is damaged.
    """
    if not path.is_file():
        raise EmbeddingError(f"{path} does not exist", hint=_HINT)
    try:
        with pq.ParquetFile(path) as file:
            model = _model_of(file.schema_arrow)
            provenance = parse_json(file.schema_arrow.metadata.get(_PROVENANCE_KEY, b"{}"))
            vectors = np.empty((file.metadata.num_rows, model.dimensions), np.float32)
            first = 0
            for batch in file.iter_batches(ROW_GROUP_ROWS, columns=["embedding"]):
                part = batch.column(0).flatten().to_numpy().reshape(-1, model.dimensions)
                vectors[first : first + len(part)] = part
                first += len(part)
            rows = file.read(list(COLUMNS)).combine_chunks()
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise EmbeddingError(f"{path}: is not a table of embeddings ({error})", hint=_HINT) from error
    labels = pc.is_in(pc.list_flatten(rows["labels"]), pa.array(model.class_names))
    if not len(vectors) or not np.isfinite(vectors).all() or not pc.all(labels, min_count=0).as_py():
        raise EmbeddingError(
            f"{path}: is empty, or holds numbers that are none or labels that the model does not know",
            hint="embed again",
        )
    return Embeddings(rows, vectors, model, provenance)


def write_embeddings(
    path: Path,
    rows: pa.Table,
    vectors: Iterable[NDArray[np.float32]],
    model: EmbeddingModel,
    provenance: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write a table as the vectors come; no more than a row group of them is in memory.

    Args:
        path: Parquet file to write; it appears whole or not at all.
        rows: `COLUMNS` of each patch.
        vectors: embeddings in the order of the rows, in parts of any size, each of shape (part, dimensions).
        model: that made them.
        provenance: what else is to be noted.

    Raises:
        EmbeddingError: if there are more or fewer vectors than rows, or one does not fit into the file's numbers.
    """
    schema, first = _schema(model, provenance), 0
    with (
        atomic.new_file(path) as partial,
        parquet_writer(partial, schema) as writer,
    ):
        for group in _grouped(vectors):
            column = pa.FixedSizeListArray.from_arrays(pa.array(_stored(group, model).ravel()), model.dimensions)
            part = rows.slice(first, len(group)).select(COLUMNS).combine_chunks()
            if len(part) == len(group):
                writer.write_table(pa.table([*part.columns, column], schema))
            first += len(group)
        if first != len(rows):
            raise EmbeddingError(f"{path}: {first} embeddings for {len(rows)} patches; expected one each")


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of tables; vectors are not compressed: it would take as long as making them, for a tenth of the size."""
    compressed = dict.fromkeys(("patch_id", "split", "country", "labels.list.element"), "zstd")
    return pq.ParquetWriter(path, schema, compression=compressed, use_dictionary=["split", "country"])


def model_in(path: Path) -> tuple[EmbeddingModel, Mapping[str, str]]:
    """What made a table, and its provenance, without reading its rows.

    Raises:
        EmbeddingError: if it is not a table of embeddings.
    """
    try:
        schema = pq.read_schema(path)
        return _model_of(schema), parse_json(schema.metadata.get(_PROVENANCE_KEY, b"{}"))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise EmbeddingError(f"{path}: is not a table of embeddings ({error})", hint=_HINT) from error


def _stored(vectors: NDArray[np.float32], model: EmbeddingModel) -> NDArray[np.floating[Any]]:
    """Vectors as the file holds them.

    Raises:
        EmbeddingError: if a number is too large for it.
    """
    if model.dtype == "float32":
        return vectors
    with np.errstate(over="ignore"):
        stored = vectors.astype(np.float16)
    if not np.isfinite(stored).all():
        raise EmbeddingError(
            f"an embedding holds {np.abs(vectors).max():.6g}, which is beyond float16", hint="use --dtype float32"
        )
    return stored


def _model_of(schema: pa.Schema) -> EmbeddingModel:
    """The model in the schema's metadata.

    Raises:
        KeyError, ValueError, TypeError: if there is none, or a column does not fit it.
    """
    stored: dict[str, Any] = parse_json(schema.metadata[_KEY])
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    model = EmbeddingModel(**fields)
    for column in _schema(model):
        if schema.field(column.name).type != column.type:
            raise TypeError(f"column {column.name!r} has type {schema.field(column.name).type}; expected {column.type}")
    return model


def _schema(model: EmbeddingModel, provenance: Mapping[str, str] = MappingProxyType({})) -> pa.Schema:
    return pa.schema(
        [
            pa.field("patch_id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("country", pa.string()),
            pa.field("labels", pa.list_(pa.string()), nullable=False),
            pa.field("embedding", pa.list_(_TYPES[model.dtype], model.dimensions), nullable=False),
        ],
        {_KEY: json.dumps(asdict(model)), _PROVENANCE_KEY: json.dumps(dict(provenance), sort_keys=True)},
    )


def _grouped(batches: Iterable[NDArray[np.float32]]) -> Iterable[NDArray[np.float32]]:
    """Batches of any size as row groups."""
    waiting: list[NDArray[np.float32]] = []
    for vectors in batches:
        waiting.append(vectors)
        if sum(map(len, waiting)) >= ROW_GROUP_ROWS:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def fingerprint_of(model: nn.Module) -> str:
    """SHA-256 of all weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().data)
    return digest.hexdigest()
