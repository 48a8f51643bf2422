"""Which files an archive holds, each with its CRC-32: `<archive>.contents.parquet` beside it.

The MD5 of an archive tells that something differs; this table tells what.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reben.core.errors import ReleaseError
from reben.release.text import FileRecord
from reben.work import atomic

CONTENTS_SUFFIX = ".contents.parquet"

_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("nbytes", pa.uint32(), nullable=False),
        pa.field("crc32", pa.uint32(), nullable=False),
    ]
)
_ROW_GROUP_ROWS = 122_880
_HINT = "download it again; without it, verification tells whether something differs, and not what"

Add = Callable[[Sequence[FileRecord]], None]


@contextmanager
def writing_contents(path: Path) -> Iterator[Add]:
    """Write a table; the block gets what adds files to it, in the order of the archive."""
    waiting: list[FileRecord] = []

    def add(files: Sequence[FileRecord]) -> None:
        waiting.extend(files)
        if len(waiting) >= _ROW_GROUP_ROWS:
            write()

    def write() -> None:
        columns = zip(*((file.path, file.nbytes, file.crc32) for file in waiting), strict=True)
        writer.write_table(pa.table(list(columns), schema=_SCHEMA))
        waiting.clear()

    # Paths share their beginnings, so each is stored as its difference to the one before.
    encodings = {"path": "DELTA_BYTE_ARRAY", "nbytes": "DELTA_BINARY_PACKED", "crc32": "PLAIN"}
    with (
        atomic.new_file(path) as partial,
        pq.ParquetWriter(
            partial, _SCHEMA, compression="zstd", use_dictionary=False, column_encoding=encodings
        ) as writer,
    ):
        yield add
        if waiting:
            write()


def read_contents(path: Path) -> Iterator[FileRecord]:
    """The files of a table, in the order of the archive.

    Raises:
        ReleaseError: if the table cannot be read.
    """
    try:
        with pq.ParquetFile(path) as table:
            if not table.schema_arrow.equals(_SCHEMA):
                raise ReleaseError(f"{path}: has the columns {', '.join(table.schema_arrow.names)}", hint=_HINT)
            for batch in table.iter_batches():
                columns = (batch.column(name).to_pylist() for name in _SCHEMA.names)
                yield from map(FileRecord, *columns)
    except (OSError, pa.ArrowException) as error:
        raise ReleaseError(f"{path}: cannot be read ({error})", hint=_HINT) from error
