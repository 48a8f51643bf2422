from pathlib import Path

import pytest

from reben.core.errors import MetadataError, StoreError
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.published_files import PublishedFiles
from reben.io.dataset.tile_extents import TileExtents
from reben.io.store import create_store, open_store


def test_the_files_of_all_values_are_those_that_were_encoded(real_patches: DatasetPaths, real_store: Path):
    store = open_store(real_store)
    files = PublishedFiles(store, TileExtents({}))  # Sentinel-1, too, lies where the name of its tile says
    made = {path: content for key in store for path, content in files.of(key)}
    roots = (real_patches.s2, real_patches.s1, real_patches.reference_maps)
    published = {file for root in roots for file in root.rglob("*.tif")}
    assert {real_patches.root / path for path in made} == published
    for path, content in made.items():
        assert content == (real_patches.root / path).read_bytes(), path


@pytest.mark.parametrize(
    ("key", "error", "said"),
    [
        ("elsewhere_1_2", StoreError, "none of reBEN's"),
        ("S2A_MSIL2A_20170613T101031_N9999_R022_T99XYZ_26_57", MetadataError, "not known where tile"),
        ("S1A_IW_GRDH_1SDV_20170613T165043_99XYZ_70_48", MetadataError, "not known where tile"),
    ],
)
def test_names_of_which_no_place_is_known(
    key: str, error: type[Exception], said: str, real_store: Path, tmp_path: Path
):
    with create_store(tmp_path / "store") as writer:
        writer.write([(key, open_store(real_store).raw(next(iter(open_store(real_store)))))])
    with pytest.raises(error, match=said):
        list(PublishedFiles(open_store(tmp_path / "store"), TileExtents({})).of(key))
