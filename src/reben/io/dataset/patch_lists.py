"""Lists of patches in text files, one id a line, as the explorer writes them, and the rows that they name."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reben.core.errors import MetadataError
from reben.io.small_files import MOST_REPORT_BYTES, read_text

_HINT = "give a text file with a patch id on each line, such as one that `reben explore` exports"


def read_patch_list(path: Path) -> list[str]:
    """The patch ids of a list, each once, in their order; empty lines and lines that begin with # are left out.

    Raises:
        MetadataError: if the file cannot be read, or names no patch.
    """
    text = read_text(path, kind="a list of patches", error=MetadataError, hint=_HINT, most_bytes=MOST_REPORT_BYTES)
    lines = (line.strip() for line in text.splitlines())
    found = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not found:
        raise MetadataError(f"{path}: names no patch", hint=_HINT)
    return found


def listed_rows(rows: pa.Table, path: Path) -> pa.Table:
    """The rows of the patches in a list, in the order of the tables.

    Args:
        rows: of metadata tables.
        path: of the list.

    Raises:
        MetadataError: if the list cannot be read, or names a patch that no table has.
    """
    names = pa.array(read_patch_list(path), pa.string())
    unknown = names.filter(pc.invert(pc.is_in(names, rows["patch_id"].combine_chunks())))
    if len(unknown):
        raise MetadataError(
            f"{path}: {len(unknown):,} of {len(names):,} patches are in no metadata table, such as "
            f"{unknown[0].as_py()!r}",
            hint="give the tables that list them; snowy and cloudy patches have a table of their own",
        )
    return rows.filter(pc.is_in(rows["patch_id"], names))
