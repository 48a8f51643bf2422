from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.classes import CLC2018
from reben.core.errors import LegendError, MetadataError
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata

LEGEND = """
name = "Trees"
code_column = "code"
crs = "EPSG:4326"
no_polygon = 0
[[codes]]
code = 1
name = "Beech"
colour = "#00ff00"
class = "Forest"
"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(*labels: object, folder: str = "data", legend: str = "") -> Path:
        path = tmp_path / folder / "metadata.parquet"
        path.parent.mkdir()
        ids = [str(number) for number in range(len(labels))]
        pq.write_table(pa.table({"patch_id": ids, "labels": labels, "split": ["train"] * len(ids)}), path)
        if legend:
            (path.parent / "legend.toml").write_text(legend)
        return path

    return write


def test_a_file_beside_the_tables_decides(table: Callable[..., Path]):
    path = table(["Forest"], legend=LEGEND)
    assert legend_of_tables([path]).name == "Trees"
    assert legend_of_tables([path]).class_colours == ((0, 255, 0),)


def test_rebens_labels_have_rebens_legend(table: Callable[..., Path]):
    assert legend_of_tables([table(["Pastures"], ["Arable land", "Pastures"])]) is CLC2018
    assert legend_of_tables([]) is CLC2018


def test_other_labels_are_classes_of_their_own_in_colours_of_their_own(table: Callable[..., Path]):
    legend = legend_of_tables([table("SeaLake", "AnnualCrop", "SeaLake"), table(["Forest"], folder="more")])
    assert legend.class_names == ("AnnualCrop", "Forest", "SeaLake")
    assert len(set(legend.class_colours)) == 3


def test_a_foreign_label_among_rebens_is_no_new_class(table: Callable[..., Path]):
    path = table(["Pastures"], ["Forest"])
    assert legend_of_tables([path]) is CLC2018
    with pytest.raises(MetadataError, match="'Forest' is not a class of CLC2018") as caught:
        read_metadata(path)
    assert caught.value.hint.startswith("a data set with classes of its own needs its legend.toml beside the table")


def test_tables_of_different_legends_do_not_go_together(table: Callable[..., Path]):
    paths = [table(["Forest"], legend=LEGEND), table(["Pastures"], folder="reben")]
    with pytest.raises(LegendError, match="different legends"):
        legend_of_tables(paths)


def test_what_is_no_table_is_left_to_whoever_reads_it(tmp_path: Path):
    (tmp_path / "metadata.parquet").write_text("no table")
    assert legend_of_tables([tmp_path / "metadata.parquet", tmp_path / "absent.parquet"]) is CLC2018
