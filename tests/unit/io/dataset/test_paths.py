from pathlib import Path

import pytest

from reben.core.errors import NameFormatError
from reben.io.dataset.paths import DatasetPaths

PATCH = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"
TILE = PATCH.removesuffix("_26_57")
SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"
S1 = f"{SCENE}_33UUP_26_57"


def test_files_are_named_as_published(shared_data: Path):
    """The published patches have these files and no others."""
    paths = DatasetPaths(shared_data / "patches")
    for patch in (patch for tile in paths.s2.iterdir() for patch in tile.iterdir()):
        assert {paths.s2_file(patch.name, band) for band in ("B01", "B8A")} <= {str(path) for path in patch.iterdir()}
    for patch in (patch for tile in paths.reference_maps.iterdir() for patch in tile.iterdir()):
        assert [str(path) for path in patch.iterdir()] == [paths.map_file(patch.name)]
    for patch in (patch for scene in paths.s1.iterdir() for patch in scene.iterdir()):
        assert {str(path) for path in patch.iterdir()} == {paths.s1_file(patch.name, band) for band in ("VV", "VH")}


def test_a_name_of_another_kind_has_no_file(tmp_path: Path):
    with pytest.raises(NameFormatError):
        DatasetPaths(tmp_path).s1_file(PATCH, "VV")


def test_strays(tmp_path: Path):
    paths = DatasetPaths(tmp_path)
    known = [paths.s2_file(PATCH, "B02"), paths.map_file(PATCH), paths.s1_file(S1, "VH")]
    other = PATCH.replace("_26_", "_27_")
    strays = [
        f"{paths.s2}/{TILE}/{PATCH}/.{PATCH}_B03.tif.partial",
        paths.s2_file(PATCH, "VV"),
        f"{paths.s2}/notes.txt",
        f"{paths.reference_maps}/{TILE}/{PATCH}/{PATCH}_B02.tif",
        f"{paths.s1}/{SCENE}/{S1}/other_VV.tif",
    ]
    for file in (*known, *strays, paths.s2_file(other, "B02"), f"{paths.s1}/{SCENE}/file"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
    expected = {*strays, f"{paths.s2}/{TILE}/{other}", f"{paths.s1}/{SCENE}/file"}
    assert {str(path) for path in paths.strays({PATCH}, {S1, None})} == expected
    assert list(DatasetPaths(tmp_path / "none").strays(set(), set())) == []
