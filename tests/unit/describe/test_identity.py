from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.classes import CLC2018
from reben.core.errors import MetadataError
from reben.core.palettes import legend_of_names
from reben.describe.identity import REBEN_AUTHORS, Identity, identity_of
from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths

OTHER = pa.chunked_array([["S2A_MSIL2A_20200613T101031_N9999_R022_T33UUP_00_00"]])


def identity(options: RecordOptions, ids: pa.ChunkedArray = OTHER, folder: str = "data") -> Identity:
    return identity_of(options, folder_name=folder, patch_ids=ids, legend=CLC2018)


def test_nothing_of_rebens_is_claimed_for_other_data():
    found = identity(RecordOptions(license="MIT"))
    assert (found.authors, found.works, found.doi, found.citation()) == ((), (), None, None)
    assert "reben" not in repr(found).lower()


def test_reben_has_its_authors_and_works_but_not_its_doi(real_patches: DatasetPaths):
    ids = pq.read_table(real_patches.metadata)["patch_id"]
    found = identity(RecordOptions(reben=True), ids)
    assert found.authors == REBEN_AUTHORS
    assert found.license == "CDLA-Permissive-1.0"
    assert found.doi is None  # this is a copy, which has its own or none
    assert {work.relation for work in found.works} == {"IsDerivedFrom", "IsDescribedBy"}
    assert identity(RecordOptions(reben=True, author=("Doe, Jane",), license="MIT"), ids).license == "MIT"


def test_reben_is_refused_to_other_patches(real_patches: DatasetPaths):
    ids = pq.read_table(real_patches.metadata)["patch_id"].to_pylist()
    with pytest.raises(MetadataError, match=r"20200613T101031_N9999_R022_T33UUP is none of the products .*1 of 2"):
        identity(RecordOptions(reben=True), pa.chunked_array([[*ids, *OTHER.to_pylist()]]))
    legend = legend_of_names(["a", "b"])
    with pytest.raises(MetadataError, match="not reBEN's classes"):
        identity_of(RecordOptions(reben=True), folder_name="x", patch_ids=pa.chunked_array([ids]), legend=legend)


def test_every_published_patch_may_be_called_rebens(shared_data: Path):
    ids = pq.read_table(shared_data / "published" / "metadata.parquet", columns=["patch_id"])["patch_id"]
    assert identity(RecordOptions(reben=True), ids).authors == REBEN_AUTHORS


def test_a_licence_is_asked_for():
    with pytest.raises(MetadataError, match="licence") as caught:
        identity(RecordOptions())
    assert "--license" in caught.value.hint


@pytest.mark.parametrize(
    ("folder", "name"), [("Alps 2024", "Alps-2024"), ("..", "data-set"), ("ä/ö", "data-set"), ("x" * 200, "x" * 96)]
)
def test_the_name_is_made_of_that_of_the_folder(folder: str, name: str):
    found = identity(RecordOptions(license="other"), folder=folder)
    assert (found.name, found.title, found.license_url) == (name, name, None)
