"""Which patches of a published data set are wanted.

What is drawn is drawn in an order that depends on the seed and the names of the patches only: the same command chooses
the same patches wherever it runs, and a larger number adds to those that a smaller one chose.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.errors import MetadataError, NameFormatError
from reben.core.names import CELL_PATTERN, TileName
from reben.get.condition import nearest, rows_where
from reben.get.options import GetOptions
from reben.io.dataset.metadata import flagged
from reben.io.dataset.patch_lists import listed_rows
from reben.rules.seasons import meteorological_season

Chosen = NDArray[np.bool_]
"""Which rows are chosen, shape (rows,)."""


def selected(rows: pa.Table, options: GetOptions) -> pa.Table:
    """The rows of the patches that options ask for, in the order of the tables.

    Args:
        rows: columns of `reben.io.dataset.metadata.SCHEMA`.
        options: what is asked for.

    Raises:
        MetadataError: if no patch fits, or a filter or list names what no patch has.
    """
    if options.patches is not None:
        rows = listed_rows(rows, options.patches)
    known = with_names(rows)
    chosen = _filtered(known, options)
    if not chosen.any():
        flagged = "" if options.snow_and_cloud else "; those with snow or clouds need --snow-and-cloud"
        raise MetadataError("no patch fits all filters", hint=f"leave some of them out{flagged}")
    ranks = _ranks(rows["patch_id"].to_pylist(), options.seed)
    if options.per_class is not None:
        chosen = _first_of_each_class(rows["labels"], chosen, ranks, options.per_class)
    if options.limit is not None:
        strata = _strata(known) if options.stratify else np.zeros(rows.num_rows, np.int64)
        chosen = _first_of_all(chosen, ranks, strata, options.limit)
    return rows.filter(pa.array(chosen))


def with_names(rows: pa.Table) -> pa.Table:
    """The rows with what the names of the patches say: columns `season`, `tile` (MGRS) and `date` (ISO 8601).

    Raises:
        MetadataError: if a patch has another name.
    """
    tiles = pc.replace_substring_regex(rows["patch_id"], CELL_PATTERN, "").combine_chunks().dictionary_encode()
    try:
        names = [TileName.parse(text) for text in tiles.dictionary.to_pylist()]
    except NameFormatError as error:
        raise MetadataError(
            f"the tables name patches that are not called as reBEN's are: {error}",
            hint="only such data sets can be taken apart by season, tile and date",
        ) from error
    said = {
        "season": [meteorological_season(name.sensing_time) for name in names],
        "tile": [name.mgrs for name in names],
        "date": [name.sensing_time.date().isoformat() for name in names],
    }
    for column, values in said.items():
        rows = rows.append_column(column, pa.chunked_array([pa.array(values, pa.string()).take(tiles.indices)]))
    return rows


def _filtered(rows: pa.Table, options: GetOptions) -> Chosen:
    """Rows that all filters let through.

    Raises:
        MetadataError: if a filter names what no patch has.
    """
    classes = pc.unique(pc.list_flatten(rows["labels"])).to_pylist()
    chosen = np.ones(rows.num_rows, np.bool_)
    if not options.snow_and_cloud:
        chosen &= ~_array(flagged(rows))
    for option, wanted in (
        ("split", options.split),
        ("country", options.country),
        ("season", options.season),
        ("tile", tuple(name.removeprefix("T") for name in options.tile)),
    ):
        if wanted:
            _expect_known(option, wanted, pc.unique(rows[option]).drop_null().to_pylist())
            chosen &= _array(pc.is_in(rows[option], pa.array(wanted)))
    if options.label:
        _expect_known("label", options.label, classes)
        chosen &= _with_one_of(rows["labels"], options.label)
    if options.where.strip():
        chosen &= rows_where(options.where, rows, classes)
    return chosen


def _expect_known(option: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    """Check that a filter names what there is.

    Raises:
        MetadataError: if not.
    """
    for value in wanted:
        if value not in known:
            raise MetadataError(f"--{option}: no patch has {option} {value!r}", hint=nearest(value, known))


def _array(flags: pa.ChunkedArray) -> Chosen:
    found: Chosen = flags.to_numpy().astype(np.bool_)
    return found


def _with_one_of(labels: pa.ChunkedArray, names: Sequence[str]) -> Chosen:
    """Which rows have one of some labels."""
    found = np.zeros(len(labels), np.bool_)
    flat, known, parents = _flattened(labels)
    found[parents[np.isin(flat, [known.index(name) for name in names])]] = True
    return found


def _flattened(labels: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str], NDArray[np.int64]]:
    """All labels one after the other, as indices of a list of names, that list, and the row that each belongs to."""
    column = labels.combine_chunks()
    flat = pc.list_flatten(column).dictionary_encode()
    parents = pc.list_parent_indices(column).to_numpy().astype(np.int64)
    return flat.indices.to_numpy().astype(np.int64), flat.dictionary.to_pylist(), parents


def _ranks(patch_ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """A number per patch in whose order patches are drawn; it depends on the seed and the patch alone."""
    key = str(seed).encode()
    digests = b"".join(blake2b(name.encode(), digest_size=8, key=key).digest() for name in patch_ids)
    return np.frombuffer(digests, "<u8")


def _first_of_each_class(labels: pa.ChunkedArray, chosen: Chosen, ranks: NDArray[np.uint64], number: int) -> Chosen:
    """For each class, the first patches that have it among their labels; a patch may be taken for several classes."""
    flat, known, parents = _flattened(labels)
    taken = np.zeros(len(chosen), np.bool_)
    for index in range(len(known)):
        rows = parents[flat == index]
        rows = rows[chosen[rows]]
        taken[rows[np.argsort(ranks[rows], kind="stable")[:number]]] = True
    return taken


def _strata(rows: pa.Table) -> NDArray[np.int64]:
    """A number for the country and season of each patch."""
    pairs = pc.binary_join_element_wise(rows["country"].fill_null(""), rows["season"], "/").combine_chunks()
    strata: NDArray[np.int64] = pairs.dictionary_encode().indices.to_numpy().astype(np.int64)
    return strata


def _first_of_all(chosen: Chosen, ranks: NDArray[np.uint64], strata: NDArray[np.int64], number: int) -> Chosen:
    """The first patches of all, each stratum in proportion to its size.

    A patch stands at the share of its stratum that comes before it: whatever the number is, each stratum gets its
    share but for one patch, and a larger number takes those of a smaller one, too.
    """
    rows = np.flatnonzero(chosen)
    order = rows[np.lexsort((ranks[rows], strata[rows]))]
    _, first, sizes = np.unique(strata[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, sizes)
    share = (place + 0.5) / np.repeat(sizes, sizes)
    taken = np.zeros(len(chosen), np.bool_)
    taken[order[np.lexsort((ranks[order], share))[:number]]] = True
    return taken
