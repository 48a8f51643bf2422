"""The explorer as a folder for any web space: the page, the index, and the values of patches in large files.

A web space answers requests for parts of a file (HTTP ranges), and knows no store. So the values of a patch lie one
behind the other (Sentinel-2, Sentinel-1, reference map, thumbnail) in `values-0000.bin` and so on; the index says
where, and how long each of them is.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from reben.explore.index import Column, PatchIndex
from reben.explore.outlines import outlines_json
from reben.explore.plane import Vectors
from reben.explore.values import PARTS, PatchValues
from reben.work.progress import Advance

INDEX_FILE, OUTLINES_FILE = "index.parquet", "outlines.json"
PIECE_BYTES = 1_000_000_000
"""Most bytes of a file of values; many web spaces take no files larger than some gigabytes."""
NEAREST = 8
_MOST_NEAREST = 30_000
"""Patches up to which the nearest of each are found beforehand: it takes the square of their number."""
_LENGTHS = (*(f"{part}_bytes" for part in PARTS), "thumbnail_bytes")


def piece_name(number: int) -> str:
    """The name of a file of values.

    >>> piece_name(3)
    'values-0003.bin'
    """
    return f"values-{number:04d}.bin"


def write_site(
    folder: Path,
    page: Path,
    index: PatchIndex,
    values: PatchValues,
    vectors: Vectors | None,
    *,
    advance: Advance,
    piece_bytes: int = PIECE_BYTES,
) -> bool:
    """Fill an empty folder with all that the page needs.

    Args:
        folder: to fill.
        page: folder of the built page.
        index: of the patches.
        values: of the patches.
        vectors: embeddings of the patches.
        advance: called with the number of patches just written.
        piece_bytes: most bytes of a file of values.

    Returns:
        whether the nearest patches in the embedding are part of it; they are not for very many patches.
    """
    shutil.copytree(page, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    (folder / OUTLINES_FILE).write_text(outlines_json(), encoding="utf-8")
    places = _write_values(folder, values, advance, piece_bytes)
    near = _nearest(vectors, len(values))
    index.with_columns({**places, **near}, values="pieces", nearest=len(near)).write(folder / INDEX_FILE)
    return bool(near)


def _write_values(folder: Path, values: PatchValues, advance: Advance, piece_bytes: int) -> dict[str, Column]:
    """Write all values, and say where they lie."""
    pieces = np.zeros(len(values), np.int32)
    offsets = np.zeros(len(values), np.float64)  # whole numbers up to 2^53, which is what JavaScript has
    lengths = np.zeros((len(values), len(_LENGTHS)), np.int32)
    number, written = 0, 0
    file = (folder / piece_name(0)).open("wb")
    try:
        for row in range(len(values)):
            parts = list(_parts(values, row))
            if written and written + sum(map(len, parts)) > piece_bytes:
                file.close()
                number, written = number + 1, 0
                file = (folder / piece_name(number)).open("wb")
            pieces[row], offsets[row], lengths[row] = number, written, [len(part) for part in parts]
            written += sum(file.write(part) for part in parts)
            advance(1)
    finally:
        file.close()
    columns: dict[str, Column] = {"piece": pieces, "offset": offsets}
    return columns | {name: lengths[:, i] for i, name in enumerate(_LENGTHS)}


def _parts(values: PatchValues, row: int) -> Iterator[bytes]:
    for part in PARTS:
        yield values.value(row, part) or b""
    yield values.thumbnail(row) or b""


def _nearest(vectors: Vectors | None, count: int) -> dict[str, Column]:
    """Columns with the nearest rows of each patch, -1 for patches without an embedding."""
    if vectors is None or len(vectors.rows) > _MOST_NEAREST:
        return {}
    found = vectors.all_nearest(NEAREST)
    columns = np.full((count, found.shape[1]), -1, np.int32)
    columns[vectors.rows] = found
    return {f"near{number}": column for number, column in enumerate(columns.T)}
