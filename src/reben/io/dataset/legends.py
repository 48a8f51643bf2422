"""The legend of metadata tables: in a file beside them, reBEN's, or the classes that the tables name."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reben.core.classes import CLC2018, Legend
from reben.core.errors import LegendError
from reben.core.palettes import legend_of_names
from reben.io.dataset.paths import DatasetPaths
from reben.io.legend_files import read_legend


def legend_of_tables(tables: Sequence[Path]) -> Legend:
    """Classes of the labels in metadata tables.

    They are those of `legend.toml` in the tables' folder, where a build with another legend leaves it. Without such a
    file they are reBEN's. Tables in which no label at all is one of reBEN's, such as those of EuroSAT, have the classes
    that they name.

    Raises:
        LegendError: if a file cannot be used, or the tables have different legends.
    """
    files = {DatasetPaths(table.parent).legend for table in tables}
    legends = {file: read_legend(file).legend for file in sorted(files) if file.exists()}
    if not legends:
        names = _labels_in(tables)
        return legend_of_names(sorted(names)) if names and names.isdisjoint(CLC2018.class_names) else CLC2018
    first = next(iter(legends.values()))
    if len(legends) < len(files) or any(other != first for other in legends.values()):
        raise LegendError(
            f"the tables have different legends: {', '.join(map(str, sorted(files)))}",
            hint="use tables of one data set, each with the same legend.toml beside it",
        )
    return first


def _labels_in(tables: Sequence[Path]) -> set[str]:
    """All labels; none where a table cannot be read, which whoever reads it whole will say."""
    found: set[str] = set()
    for path in tables:
        try:
            column = pq.read_table(path, columns=["labels"]).column("labels")
            texts = pc.list_flatten(column) if pa.types.is_nested(column.type) else column
            found |= {text for text in pc.unique(texts.cast(pa.string())).to_pylist() if text}
        except (OSError, KeyError, pa.ArrowException):
            return set()
    return found
