import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from reben.core.bands import Band
from reben.core.errors import MetadataError
from reben.describe.band_facts import facts_of
from reben.describe.facts import expect_patches, facts_of_dataset, utc
from reben.describe.files import DescribedFile
from reben.describe.options import RecordOptions
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store

PLAIN = RecordOptions(license="CC-BY-4.0")


def test_counts_are_those_of_the_tables(real_patches: DatasetPaths):
    facts = facts_of_dataset(real_patches.root, PLAIN)
    assert facts.counts["split"] == {"train": 4, "validation": 4, "test": 4}
    assert facts.counts["country"] == {"Austria": 12}
    assert facts.counts["season"] == {"summer": 12}
    assert facts.counts["flag"] == {"contains_seasonal_snow": 0, "contains_cloud_or_shadow": 3}
    rows = [row for table in real_patches.tables for row in pq.read_table(table).to_pylist()]
    assert facts.counts["class"]["Pastures"] == sum("Pastures" in row["labels"] for row in rows)
    assert len(facts.bands) == 14
    assert facts.maps
    assert facts.form == "geotiffs"
    assert facts.span is not None
    assert [utc(time) for time in facts.span] == ["2017-06-12T16:58:09Z", "2017-06-13T16:50:43Z"]  # of Sentinel-1


def test_statistics_of_the_data_set_come_before_the_published(real_patches: DatasetPaths, tmp_path: Path):
    for table in real_patches.tables:
        (tmp_path / table.name).symlink_to(table)
    (tmp_path / "BigEarthNet-S2").mkdir()
    none, published = (facts_of_dataset(tmp_path, RecordOptions(license="MIT", reben=reben)) for reben in (False, True))
    assert {band.statistics for band in none.bands} == {None}
    assert "as published" in published.statistics_of
    (tmp_path / "statistics.json").write_text(json.dumps({"bands": {"B02": {"mean": 1, "std": 2}}}))
    own = facts_of_dataset(tmp_path, RecordOptions(license="MIT", reben=True))
    assert {band.band.name: band.statistics.mean for band in own.bands if band.statistics} == {"B02": 1}
    assert own.statistics_of == "this data set"


def test_a_store_tells_which_bands_there_are(data_folder: Path):
    facts = facts_of_dataset(data_folder, PLAIN)
    assert facts.form == "store"
    assert {band.band.name: band.side_px for band in facts.bands}["B01"] == 20
    assert facts.maps


def test_the_files_of_a_release_decide_what_there_is(data_folder: Path):
    facts = facts_of_dataset(data_folder, PLAIN, [DescribedFile("BigEarthNet-S1.tar.zst", "s1", 1)])
    assert [band.band.name for band in facts.bands] == ["VV", "VH"]
    assert (facts.form, facts.maps) == ("geotiffs", False)


def test_bands_of_other_data_sets_get_no_wavelength(tmp_path: Path):
    table = pa.table({"patch_id": ["Forest_1"], "labels": [["Forest"]], "split": ["train"]})
    pq.write_table(table, tmp_path / "metadata.parquet")
    with create_store(tmp_path / "store") as store:
        store.write([("Forest_1", save({name: np.zeros((64, 64), np.uint16) for name in ("B02", "B08A", "Red")}))])
    facts = facts_of_dataset(tmp_path, PLAIN)
    assert {band.band.name: band.wavelength_nm for band in facts.bands} == {"B02": None, "B08A": None, "Red": None}
    assert (facts.bounds, facts.span, facts.counts["country"], facts.counts["season"]) == (None, None, {}, {})
    assert facts.patches.legend.class_names == ("Forest",)


def test_numbers_of_another_type_are_not_called_scaled_reflectance():
    whole, share = (
        facts_of(Band("B02", "s2", 10, kind), 120, None, known=True).scale for kind in ("uint16", "float32")
    )
    assert (whole, share) == (1e-4, None)


def test_no_patch_is_nothing_to_describe(tmp_path: Path):
    pq.write_table(SCHEMA.empty_table(), tmp_path / "metadata.parquet")
    with pytest.raises(MetadataError, match="no patch to describe"):
        expect_patches(facts_of_dataset(tmp_path, PLAIN))
