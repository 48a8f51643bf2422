import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reben.construct.plan import plan_build
from reben.core.errors import BuildError, ProductError

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5)]


@pytest.fixture
def make_metadata(make_product: Callable[..., Path]) -> Callable[..., Path]:
    """Write a product without its rasters: a plan looks at metadata only."""

    def make(folder: Path, tile: str, **options: str) -> Path:
        path = make_product(folder, tile, **options)
        shutil.rmtree(path / "GRANULE")
        return path

    return make


def test_products_are_found_in_folders_and_by_themselves(make_metadata: Callable[..., Path], tmp_path: Path):
    later = make_metadata(tmp_path / "one", TILES[1])
    (tmp_path / "one" / "notes.txt").write_text("no product")
    (tmp_path / "one" / "empty").mkdir()
    first = make_metadata(tmp_path / "two", TILES[0])
    for places in ([tmp_path / "one", tmp_path / "two"], [tmp_path / "two", later], [first, later]):
        found = plan_build(places)
        assert list(found.tiles.items()) == [(TILES[0], first), (TILES[1], later)]
        assert found.rejected == {}


def test_zipped_products(make_metadata: Callable[..., Path], tmp_path: Path):
    path = make_metadata(tmp_path / "unpacked", TILES[0])
    archive = Path(shutil.make_archive(str(tmp_path / "l2a" / "any name"), "zip", path.parent, path.name))
    assert plan_build([tmp_path / "l2a"]).tiles == plan_build([archive]).tiles == {TILES[0]: archive}


def test_failed_quality_indicators_reject_a_product(make_metadata: Callable[..., Path], tmp_path: Path):
    make_metadata(tmp_path, TILES[0], quality="FAILED")
    kept = make_metadata(tmp_path, TILES[1])
    found = plan_build([tmp_path])
    assert found.tiles == {TILES[1]: kept}
    assert found.rejected == {TILES[0]: ["GEOMETRIC_QUALITY is FAILED"]}


def test_two_products_of_one_tile_and_time(make_product: Callable[..., Path], tmp_path: Path):
    one = make_product(tmp_path / "one", TILES[0])
    other = make_product(tmp_path / "two", TILES[0], processed="20250101T000000")
    with pytest.raises(BuildError, match=f"{TILES[0]}: there are two products of the same tile and time") as caught:
        plan_build([tmp_path / "one", tmp_path / "two"])
    assert str(one) in str(caught.value)
    assert str(other) in str(caught.value)


def test_a_product_beside_its_zip_file_is_taken_once(make_metadata: Callable[..., Path], tmp_path: Path):
    path = make_metadata(tmp_path, TILES[0])
    archive = Path(shutil.make_archive(str(path), "zip", tmp_path, path.name))
    found = plan_build([tmp_path])
    assert found.tiles == {TILES[0]: path}
    assert found.left_out == {str(archive): f"is the same product as {path}"}


def test_products_however_they_were_unpacked(make_metadata: Callable[..., Path], tmp_path: Path):
    bare = make_metadata(tmp_path / "l2a", TILES[0])
    bare = bare.rename(bare.with_suffix(""))
    nested = make_metadata(tmp_path / "l2a" / "title", TILES[1])
    (tmp_path / "l2a" / "notes.txt").touch()
    found = plan_build([tmp_path / "l2a"])
    assert found.tiles == {TILES[0]: bare, TILES[1]: nested}
    assert list(found.left_out) == [str(tmp_path / "l2a" / "notes.txt")]
    assert plan_build([bare]).tiles == {TILES[0]: bare}


def test_no_product(tmp_path: Path):
    with pytest.raises(BuildError, match="no L2A product found in ") as caught:
        plan_build([tmp_path])
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint
    with pytest.raises(BuildError, match="no L2A product found in nowhere"):
        plan_build([])
    with pytest.raises(BuildError, match="missing: is not a directory"):
        plan_build([tmp_path / "missing"])


def test_a_folder_that_is_no_product_is_an_error(tmp_path: Path):
    (tmp_path / "broken.SAFE").mkdir()
    with pytest.raises(ProductError, match=r"broken\.SAFE: no MTD_MSIL2A\.xml found"):
        plan_build([tmp_path])


def test_what_cannot_be_read_is_listed_if_errors_are_skipped(make_product, tmp_path: Path):
    make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(ProductError, match=r"photos\.zip"):
        plan_build([tmp_path])
    plan = plan_build([tmp_path], skip_errors=True)
    assert list(plan.tiles) == ["S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"]
    assert "photos.zip" in plan.unreadable["photos.zip"]
