from pathlib import Path

import pytest

from reben.core.errors import MetadataError
from reben.describe.patch_names import patch_names
from reben.io.dataset.paths import DatasetPaths


def test_folders_and_stores_name_the_same_patches(real_patches: DatasetPaths, real_store: Path):
    names = patch_names(real_patches.root)
    assert len(names) == 12
    assert patch_names(real_store) == names  # Sentinel-1 names and maps are left out


def test_other_folders_have_none(tmp_path: Path):
    with pytest.raises(MetadataError, match="no patches") as caught:
        patch_names(tmp_path)
    assert "BigEarthNet-S2" in caught.value.hint
