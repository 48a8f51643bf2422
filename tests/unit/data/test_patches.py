from pathlib import Path

import pyarrow as pa
import pytest

from reben.core.bands import select_bands
from reben.core.classes import CLC2018
from reben.core.errors import MetadataError
from reben.data.patches import Patches
from reben.io.dataset.metadata import SCHEMA, read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store


def row(patch_id: str, **changes: object) -> dict[str, object]:
    return {
        "patch_id": patch_id,
        "labels": ["Arable land", "Pastures"],
        "split": "train",
        "country": None,
        "s1_name": f"s1 of {patch_id}",
        "s2v1_name": None,
        "contains_seasonal_snow": False,
        "contains_cloud_or_shadow": False,
    } | changes


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), SCHEMA)


def test_splits_and_flags_select_rows():
    metadata = table(
        row("a"),
        row("b", split="test"),
        row("c", contains_seasonal_snow=True),
        row("d", contains_cloud_or_shadow=True),
    )
    assert Patches.from_metadata(metadata).ids.to_pylist() == ["a", "b"]
    assert Patches.from_metadata(metadata, split="train").ids.to_pylist() == ["a"]
    assert Patches.from_metadata(metadata, split="train", snow_and_cloud=True).ids.to_pylist() == ["a", "c", "d"]
    assert len(Patches.from_metadata(metadata, split="validation")) == 0


def test_labels_are_multi_hot():
    patches = Patches.from_metadata(table(row("a"), row("b", labels=["Urban fabric"])))
    assert patches.labels.tolist() == [
        [int(name in labels) for name in CLC2018.class_names]
        for labels in (["Arable land", "Pastures"], ["Urban fabric"])
    ]


def test_named_patches_come_in_the_order_of_the_names():
    patches = Patches.from_metadata(table(row("a"), row("b", labels=["Urban fabric"]), row("c"))).select(["c", "b"])
    assert patches.ids.to_pylist() == ["c", "b"]
    assert patches.s1_names.to_pylist() == ["s1 of c", "s1 of b"]
    assert patches.labels[1].sum() == 1


def test_an_unknown_name_is_reported():
    with pytest.raises(MetadataError, match="'x' is in none of the metadata tables") as caught:
        Patches.from_metadata(table(row("a"))).select(["a", "x"])
    assert "snowy" in caught.value.hint


def test_all_that_is_needed_is_in_the_store(tiny_store: Path, tiny_dataset: DatasetPaths):
    patches = Patches.from_metadata(read_metadata([tiny_dataset.metadata]))
    patches.expect_in(open_store(tiny_store), select_bands("all"), reference_maps=True)


def test_what_the_store_lacks_is_counted_and_named(tiny_store: Path):
    store = open_store(tiny_store)
    patches = Patches.from_metadata(table(row("a"), row("b")))
    with pytest.raises(MetadataError, match="lacks 2 of 2 Sentinel-2 patches, such as 'a'"):
        patches.expect_in(store, select_bands("s2"))
    with pytest.raises(MetadataError, match="lacks 2 of 2 Sentinel-1 patches, such as 's1 of a'"):
        patches.expect_in(store, select_bands("s1"))


def test_patches_without_a_sentinel_1_partner_cannot_serve_s1(tiny_store: Path):
    patches = Patches.from_metadata(table(row("a", s1_name=None), row("b")))
    with pytest.raises(MetadataError, match="1 of 2 patches have no Sentinel-1 partner") as caught:
        patches.expect_in(open_store(tiny_store), select_bands("all"))
    assert "--bands s2" in caught.value.hint
