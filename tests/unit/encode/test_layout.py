from pathlib import Path

import pytest

from reben.core.errors import EncodeError
from reben.encode.layout import Sample, SampleLayout


def make(root: Path, *paths: str) -> Path:
    """Files, and folders where a path ends with a slash."""
    for path in paths:
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
    return root


def keys(layout: SampleLayout, root: Path) -> list[str]:
    return sorted(sample.key for sample in layout.find(root))


def stems(layout: SampleLayout, root: Path) -> list[str]:
    """Below the root."""
    return sorted(sample.stem.removeprefix(f"{root}/") for sample in layout.find(root))


@pytest.mark.parametrize(
    ("depth", "found"), [(0, ["p_0"]), (1, ["p_1"]), (2, ["p_2"]), (3, []), (None, ["p_0", "p_1", "p_2"])]
)
@pytest.mark.parametrize("suffix", [".tif", ""], ids=["files", "folders"])
def test_depth_counts_the_folders_above_a_sample(tmp_path: Path, suffix: str, depth: int | None, found: list[str]):
    end = suffix or "/"
    make(tmp_path, f"p_0{end}", f"a/p_1{end}", f"a/b/p_2{end}")
    assert keys(SampleLayout(r"p_\d", suffix=suffix, depth=depth), tmp_path) == found


def test_samples_inside_samples_are_found_at_any_depth(tmp_path: Path):
    make(tmp_path, "p_0/p_1/")
    assert stems(SampleLayout(r"p_\d"), tmp_path) == ["p_0/p_0", "p_0/p_1/p_1"]


def test_stem_of_a_file_is_its_path_without_the_suffix(tmp_path: Path):
    make(tmp_path, "Pasture/Pasture_300.tif")
    assert list(SampleLayout(r"[A-Za-z]+_\d+", suffix=".tif").find(tmp_path)) == [
        Sample("Pasture_300", f"{tmp_path}/Pasture/Pasture_300")
    ]


@pytest.mark.parametrize(("named", "stem"), [(True, "p_0/p_0"), (False, "p_0/")])
def test_files_of_a_folder_begin_with_its_name_or_do_not(tmp_path: Path, named: bool, stem: str):
    make(tmp_path, "p_0/")
    assert stems(SampleLayout(r"p_\d", depth=0, files_named=named), tmp_path) == [stem]


@pytest.mark.parametrize(
    ("parts", "key"),
    [(1, "product"), (2, "0U_199R_product"), (3, "0U_0U_199R_product"), (4, "S2L2A_0U_0U_199R_product")],
)
def test_key_is_made_of_the_last_names_of_the_path(tmp_path: Path, parts: int, key: str):
    root = make(tmp_path / "S2L2A", "0U/0U_199R/product/")
    layout = SampleLayout("product", depth=2, key_parts=parts, key_suffix="_map", files_named=False)
    assert keys(layout, root) == [f"{key}_map"]


def test_key_of_a_file_is_made_of_names_without_its_suffix(tmp_path: Path):
    make(tmp_path, "forest/7.tif", "river/7.tif")
    assert keys(SampleLayout(r"\d", suffix=".tif", key_parts=2), tmp_path) == ["forest_7", "river_7"]


def test_more_key_parts_than_the_path_has(tmp_path: Path):
    make(tmp_path, "p_0/")
    (key,) = keys(SampleLayout(r"p_\d", key_parts=99), tmp_path)
    assert key == f"{tmp_path}/p_0".strip("/").replace("/", "_")


def test_key_has_the_name_of_the_root_itself_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = make(tmp_path / "s2c", "0000200/p_0/")
    (tmp_path / "link").symlink_to("s2c")
    monkeypatch.chdir(root)
    layout = SampleLayout(r"p_\d", depth=1, key_parts=3)
    for given in (root, tmp_path / "link", Path(), Path("../link"), root / ".." / "s2c"):
        assert keys(layout, given) == ["s2c_0000200_p_0"]


@pytest.mark.parametrize("suffix", [".tif", ""], ids=["files", "folders"])
@pytest.mark.parametrize("depth", [1, None])
def test_hidden_entries_are_not_part_of_the_data_set(tmp_path: Path, suffix: str, depth: int | None):
    end = suffix or "/"
    make(tmp_path, f"a/p_0{end}", f".trash/p_1{end}", f"a/.p_2{end}", f"a/.hidden/p_3{end}")
    assert keys(SampleLayout(r"\.?p_\d", suffix=suffix, depth=depth), tmp_path) == ["p_0"]


def test_the_root_itself_may_be_hidden(tmp_path: Path):
    root = make(tmp_path / ".data", "p_0.tif")
    assert keys(SampleLayout(r"p_\d", suffix=".tif"), root) == ["p_0"]


def test_files_that_are_no_samples_are_left_out(tmp_path: Path):
    make(
        tmp_path,
        "p_0.tif",
        "p_0.tif.aux.xml",
        "p_0.TIF",
        "p_00.tif",
        "xp_1.tif",
        "p_2",
        "README.md",
        "p_3.tif/",
        ".tif",
    )
    assert keys(SampleLayout(r"p_\d", suffix=".tif"), tmp_path) == ["p_0"]


def test_folders_that_are_no_samples_are_left_out(tmp_path: Path):
    make(tmp_path, "p_0/", "p_1", "p_00/", "other/", "p_٣/")
    assert keys(SampleLayout(r"p_\d", depth=0), tmp_path) == ["p_0"]


def test_a_strict_layout_takes_no_other_folder_at_that_depth(tmp_path: Path):
    make(tmp_path, "a/p_0/", "a/README.md", "a/.cache/", "license/")
    layout = SampleLayout(r"p_\d", depth=1, strict="as published")
    assert keys(layout, tmp_path) == ["p_0"]
    make(tmp_path, "a/thumbnails/")
    with pytest.raises(EncodeError, match=f"{tmp_path}/a/thumbnails: is not a patch") as caught:
        list(layout.find(tmp_path))
    assert caught.value.hint == "as published"


def test_links_are_followed(tmp_path: Path):
    make(tmp_path / "elsewhere", "tile/p_0/", "p_1/", "p_2.tif")
    root = make(tmp_path / "root", "a/")
    (root / "tile").symlink_to(tmp_path / "elsewhere" / "tile")
    (root / "a" / "p_1").symlink_to(tmp_path / "elsewhere" / "p_1")
    (root / "a" / "p_2.tif").symlink_to(tmp_path / "elsewhere" / "p_2.tif")
    assert keys(SampleLayout(r"p_\d", depth=1), root) == ["p_0", "p_1"]
    assert keys(SampleLayout(r"p_\d", suffix=".tif"), root) == ["p_2"]


def test_links_to_nothing_are_no_samples(tmp_path: Path):
    make(tmp_path, "p_0/", "p_1.tif")
    (tmp_path / "p_2").symlink_to("nowhere")
    (tmp_path / "p_3.tif").symlink_to("nowhere")
    assert keys(SampleLayout(r"p_\d"), tmp_path) == ["p_0"]
    assert keys(SampleLayout(r"p_\d", suffix=".tif"), tmp_path) == ["p_1"]


def test_a_link_to_a_folder_above_it_does_not_go_round_in_circles(tmp_path: Path):
    make(tmp_path, "a/p_0.tif")
    (tmp_path / "a" / "up").symlink_to("..")
    assert keys(SampleLayout(r"p_\d", suffix=".tif"), tmp_path) == ["p_0"]


def test_an_empty_root_has_no_samples(tmp_path: Path):
    assert keys(SampleLayout(".+"), tmp_path) == []
