from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths
from stand_ins.data_folders import make_data_folder

HOSTILE = 'A "class" | <b>\n---\n</script>: {{#}} \\ é'
"""Breaks what puts it into JSON, YAML, Markdown or HTML as it is."""


@pytest.fixture
def told() -> RecordOptions:
    """All that a publisher can say."""
    return RecordOptions(
        name="alps", title="Patches of the Alps", version="1.0.0", license="CC-BY-4.0",
        author=("Doe, Jane; 0000-0002-1825-0097", "Institute of Patches"), description="Patches for tests.",
        doi="10.5281/zenodo.1", homepage="https://example.org/alps", keyword=("alps", "yes: no"),
        issued=date(2026, 11, 26), publisher="Zenodo",
    )  # fmt: skip


@pytest.fixture
def data_folder(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path) -> Path:
    """A data folder with a store."""
    return make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    """Tables with labels and countries that must not be put anywhere as they are; no images."""
    ids = [f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_{column:02d}_00" for column in range(3)]
    table = pa.table(
        {
            "patch_id": ids,
            "labels": [[HOSTILE], ["plain"], [HOSTILE, "plain"]],
            "split": ["train", "validation", "test"],
            "country": [HOSTILE, "---", None],
        }
    )
    folder = tmp_path / 'fol"der | <x>'
    folder.mkdir()
    pq.write_table(table, folder / "metadata.parquet")
    return folder
