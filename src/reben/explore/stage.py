"""The explorer as a stage: what options name is read, and served or written, for the command and for Python."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reben.core.errors import EmbeddingError
from reben.explore.explored import Explored
from reben.explore.export import INDEX_FILE, OUTLINES_FILE, write_site
from reben.explore.index import PatchIndex, index_of
from reben.explore.options import ExploreOptions
from reben.explore.outlines import outlines_json
from reben.explore.plane import Vectors
from reben.explore.predictions import multi_hot, read_predictions
from reben.explore.values import PatchValues
from reben.work import atomic
from reben.work.context import Context

if TYPE_CHECKING:
    from reben.explore.server import Served


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that the page will ask for."""

    index: PatchIndex
    values: PatchValues
    vectors: Vectors | None
    base_map: str = ""
    """Address of its tiles."""


def prepare(explored: Explored, options: ExploreOptions) -> Prepared:
    """Read predictions and embeddings, and make the index.

    Raises:
        MetadataError: if predictions are none, or of other patches.
        EmbeddingError: if embeddings are none, or of other patches.
    """
    predictions = None
    if options.predictions is not None:
        names = explored.legend.class_names
        labels = multi_hot(explored.rows["labels"], names)
        predictions = read_predictions(options.predictions, explored.rows["patch_id"], labels, names)
    vectors = None if options.embeddings is None else _vectors(options.embeddings, explored.rows)
    index = index_of(explored, predictions, vectors)
    if options.base_map:
        index = index.with_columns({}, base_map={"url": options.base_map, "credit": options.base_map_credit})
    return Prepared(index, PatchValues(explored.store, explored.rows), vectors, options.base_map)


def _vectors(path: Path, rows: pa.Table) -> Vectors:
    from reben.learn.retrieval.embeddings import read_embeddings  # noqa: PLC0415 - imports torch, which few need here

    table = read_embeddings(path)
    places = pc.index_in(table.rows["patch_id"], rows["patch_id"].combine_chunks())
    known = places.is_valid().to_numpy()
    if not known.any():
        raise EmbeddingError(
            f"{path}: has none of the {len(rows):,} patches", hint="embed the patches of this data set"
        )
    return Vectors.of(places.drop_null().to_numpy().astype(np.int64), table.vectors[known])


@contextmanager
def served(prepared: Prepared) -> "Iterator[Served]":
    """What the server gives, as long as the block lasts."""
    from reben.explore.server import Served  # noqa: PLC0415 - the folder needs no server

    with TemporaryDirectory(prefix="reben-explore-") as folder, page() as built:
        prepared.index.with_columns({}, values="server", nearest=0).write(Path(folder) / INDEX_FILE)
        (Path(folder) / OUTLINES_FILE).write_text(outlines_json(), encoding="utf-8")
        yield Served(built, Path(folder), prepared.values, prepared.vectors, prepared.base_map)


@contextmanager
def page() -> Iterator[Path]:
    """The folder of the built page, which is part of the package."""
    with as_file(files("reben.explore") / "page") as folder:
        yield folder


def export(prepared: Prepared, output: Path, context: Context) -> None:
    """Write the explorer as a folder; it appears whole or not at all.

    Raises:
        TargetExistsError: if it exists.
    """
    with (
        atomic.new_directory(output) as folder,
        page() as built,
        context.progress("writing patches") as begin,
    ):
        with_nearest = write_site(
            folder, built, prepared.index, prepared.values, prepared.vectors, advance=begin(len(prepared.values))
        )
    if prepared.vectors is not None and not with_nearest:
        context.tell("the nearest patches in the embedding are left out: there are too many patches")
