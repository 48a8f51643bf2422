from pathlib import Path

import pytest

from reben.core.classes import CLC2018
from reben.core.errors import MetadataError, NameFormatError
from reben.io.dataset.paths import DatasetPaths
from reben.release.parts import PATCH_PARTS, in_archive_order, place_of, read_expected


def test_places_are_those_of_the_published_layout(real_patches: DatasetPaths):
    expected = read_expected(real_patches.root, CLC2018)
    for part in (PATCH_PARTS["s2"], PATCH_PARTS["s1"]):
        top = real_patches.root / part.folder
        assert expected.places(part) == {str(path.relative_to(top)) for path in top.glob("*/*")}


def test_the_order_is_that_of_paths_and_not_of_names():
    names = ["a/p_7_6", "a/p_7_60", "a/p_70_6", "a_b/p", "a/p_7"]
    by_path = sorted(f"{name}/file.tif".encode() for name in names)
    assert [f"{name}/file.tif".encode() for name in in_archive_order(names)] == by_path


def test_names_of_another_form(tmp_path: Path):
    with pytest.raises(NameFormatError):
        place_of(PATCH_PARTS["s1"], "S1_elsewhere")
    with pytest.raises(MetadataError, match="has no metadata table"):
        read_expected(tmp_path, CLC2018)
