import shutil
from pathlib import Path

import geoparquet_validator
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pystac
import pytest
import stac_geoparquet.arrow
from pystac.validation import validate_dict

from reben.core.errors import MetadataError
from reben.core.release import MAPS_ARCHIVE, S1_ARCHIVE, S2_ARCHIVE
from reben.describe.facts import facts_of_dataset
from reben.describe.files import DescribedFile
from reben.describe.geotable import ROWS_PER_GROUP
from reben.describe.options import RecordOptions
from reben.describe.stac import collection_of
from reben.describe.stac_items import write_items
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store

PLAIN = RecordOptions(license="CC-BY-4.0")
HOSTILE = 'A "class" | <b>\n---\n</script>: {{#}} \\ é'


def items_of(data: Path, target: Path, files: tuple[DescribedFile, ...] = (), *, rows: int = 100) -> list[pystac.Item]:
    """All items, or the first ones, valid by the core schema and read back by pystac."""
    facts = facts_of_dataset(data, PLAIN, files)
    collection = collection_of(facts, files)
    assert collection is not None
    assert write_items(target, facts, collection)
    assert geoparquet_validator.failed(geoparquet_validator.check(str(target))) == []
    table = pq.read_table(target)
    assert table.num_rows == facts.patches.table.num_rows
    read = list(stac_geoparquet.arrow.stac_table_to_items(table.slice(0, rows)))
    for item in read:
        assert validate_dict(item, extensions=[])
    return [pystac.Item.from_dict(item) for item in read]


def test_items_of_geotiffs_point_at_the_published_files(real_patches: DatasetPaths, tmp_path: Path):
    items = items_of(real_patches.root, tmp_path / "items.parquet")
    rows = {row["patch_id"]: row for table in real_patches.tables for row in pq.read_table(table).to_pylist()}
    assert {item.id for item in items} == set(rows)
    for item in items:
        row = rows[item.id]
        assert item.properties["labels"] == row["labels"]
        assert item.properties["split"] == row["split"]
        assert len(item.assets) == 15
        assert real_patches.root / item.assets["B8A"].href == Path(real_patches.s2_file(item.id, "B8A"))
        assert real_patches.root / item.assets["VH"].href == Path(real_patches.s1_file(row["s1_name"], "VH"))
        assert real_patches.root / item.assets["reference_map"].href == Path(real_patches.map_file(item.id))
        assert (real_patches.root / item.assets["VV"].href).is_file()
    first = items[0]
    assert first.datetime.isoformat() == "2017-06-13T10:10:31+00:00"
    assert first.properties["platform"] == "sentinel-2a"
    assert first.assets["VV"].extra_fields["platform"] in {"sentinel-1a", "sentinel-1b"}
    assert first.ext.proj.code == "EPSG:32633"
    assert first.ext.sat.relative_orbit == 22
    assert first.ext.proj.bbox == [331200, 5330400, 332400, 5331600]
    assert first.assets["B01"].ext.proj.shape == [20, 20]


def test_items_of_a_store_have_its_keys(data_folder: Path, tmp_path: Path):
    items, store = items_of(data_folder, tmp_path / "items.parquet"), open_store(data_folder / "store")
    for item in items:
        assert set(item.assets) == {"s2", "s1", "reference_map"}
        for asset in item.assets.values():
            assert (data_folder / asset.href).is_file()
            assert asset.extra_fields["reben:key"] in store
        assert "sat:relative_orbit" not in item.properties  # synthetic data have none
    bands = [band["name"] for band in items[0].assets["s1"].extra_fields["bands"]]
    assert sorted(bands) == ["VH", "VV"]


def test_patches_that_the_store_lacks_are_named(data_folder: Path, tmp_path: Path):
    table = pq.read_table(data_folder / "metadata.parquet")
    (data_folder / "metadata.parquet").unlink()
    more = table.slice(0, 1).to_pylist()[0] | {"patch_id": "S2A_MSIL2A_20170701T000000_N0000_R000_T31NAA_01_01"}
    pq.write_table(pa.Table.from_pylist([*table.to_pylist(), more], table.schema), data_folder / "metadata.parquet")
    with pytest.raises(MetadataError, match=r"lacks 'S2A_MSIL2A_20170701T000000_N0000_R000_T31NAA_01_01.* \(1 such"):
        items_of(data_folder, tmp_path / "items.parquet")


def test_patches_without_a_partner_have_no_asset_of_it(real_patches: DatasetPaths, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    table = pq.read_table(real_patches.metadata)
    partners = pc.if_else(pa.array([row == 0 for row in range(table.num_rows)]), None, table["s1_name"])
    pq.write_table(
        table.set_column(table.column_names.index("s1_name"), "s1_name", partners), data / "metadata.parquet"
    )
    for folder in ("BigEarthNet-S2", "BigEarthNet-S1"):
        (data / folder).symlink_to(real_patches.root / folder)
    items = items_of(data, tmp_path / "items.parquet")
    assert ["VV" in item.assets for item in items] == [False] + [True] * (table.num_rows - 1)


def test_data_with_other_classes_are_items_too(data_folder: Path, tmp_path: Path):
    for table in (
        data_folder / "metadata.parquet",
        data_folder / "metadata_for_patches_with_snow_cloud_or_shadow.parquet",
    ):
        content = pq.read_table(table)
        table.unlink()
        labels = pa.array([[HOSTILE] if row % 2 else ["vineyard", HOSTILE] for row in range(content.num_rows)])
        pq.write_table(content.set_column(content.column_names.index("labels"), "labels", labels), table)
    items = items_of(data_folder, tmp_path / "items.parquet")
    assert {label for item in items for label in item.properties["labels"]} == {"vineyard", HOSTILE}
    assert validate_dict(collection_of(facts_of_dataset(data_folder, PLAIN)), extensions=[])


def test_tables_alone_make_no_items(real_patches: DatasetPaths, tmp_path: Path):
    shutil.copy(real_patches.metadata, tmp_path / "metadata.parquet")
    facts = facts_of_dataset(tmp_path, PLAIN)
    assert not write_items(tmp_path / "items.parquet", facts, {"id": "x"})
    assert not (tmp_path / "items.parquet").exists()


@pytest.mark.slow
def test_every_published_patch_is_a_valid_item(shared_data: Path, tmp_path: Path):
    release = ((S2_ARCHIVE, "s2"), (S1_ARCHIVE, "s1"), (MAPS_ARCHIVE, "maps"))
    files = tuple(DescribedFile(file.name, part, file.nbytes, md5=file.md5) for file, part in release)
    facts = facts_of_dataset(shared_data / "published", RecordOptions(reben=True), files)
    target = tmp_path / "items.parquet"
    assert write_items(target, facts, collection_of(facts, files))
    assert geoparquet_validator.failed(geoparquet_validator.check(str(target))) == []
    with pq.ParquetFile(target) as file:
        assert file.metadata.num_rows == 257_902
        for batch in file.iter_batches(ROWS_PER_GROUP):
            items = list(stac_geoparquet.arrow.stac_table_to_items(pa.table(batch).slice(0, 1)))
            assert validate_dict(items[0], extensions=[])
