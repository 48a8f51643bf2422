from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio

from reben.construct.acquisitions import sort_out
from reben.core.errors import BuildError, ProductError
from reben.io.l2a_product import L2aProduct
from reben.io.safe.l2a import open_product

TIME = "S2A_MSIL2A_20180613T101031_{}_R022_T33UUP"


@pytest.fixture
def make(make_product: Callable[..., Path], tmp_path: Path) -> Callable[..., L2aProduct]:
    """Write a product, of whose B01 only some rows are valid."""

    def write(baseline: str, processed: str, rows: slice = slice(None)) -> L2aProduct:
        product = open_product(make_product(tmp_path / baseline, TIME.format(baseline), processed=processed))
        with rasterio.open(product.images["B01"]) as source:
            profile, pixels = source.profile, source.read(1)
        kept = pixels[rows].copy()
        pixels[:] = 0
        pixels[rows] = kept
        with rasterio.open(product.images["B01"], "w", QUALITY=100, REVERSIBLE="YES", **profile) as target:
            target.write(pixels, 1)
        return product

    return write


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_baseline_is_taken(make: Callable[..., L2aProduct], order: int):
    old, new = make("N0208", "20180613T120000"), make("N0500", "20230713T120000")
    found = sort_out([old, new][::order])
    assert found.tiles == {TIME.format("N0500"): (new,)}
    assert found.left_out == {
        str(old.path): "has processing baseline N0208; the same acquisition is there in N0500"
    }  # fmt: skip


@pytest.mark.parametrize("own", ["N9999", "N9906"])
def test_a_users_own_processing_is_not_newer_by_its_number(make: Callable[..., L2aProduct], own: str):
    with pytest.raises(BuildError, match=f"processing baselines N0500, {own}".replace("N", "")) as caught:
        sort_out([make("N0500", "20230713T120000"), make(own, "20240101T000000")])
    assert "keep one of them" in caught.value.hint


@pytest.mark.parametrize(("first", "second"), [(slice(0, 30), slice(30, 80)), (slice(0, 45), slice(35, 80))])
def test_parts_of_a_split_tile(make: Callable[..., L2aProduct], first: slice, second: slice):
    later, earlier = make("N0500", "20230713T120000", second), make("N0500", "20230713T110000", first)
    found = sort_out([later, earlier])
    assert found.tiles == {TIME.format("N0500"): (earlier, later)}
    assert not found.left_out


def test_parts_with_another_quantification_are_joined_for_builds_that_keep_raw_numbers(
    make: Callable[..., L2aProduct],
):
    one, other = make("N0500", "20230713T110000", slice(0, 30)), make("N0500", "20230713T120000", slice(30, 80))
    parts = tuple(replace(part, quantification=1_000) for part in (one, other))
    assert sort_out(parts).tiles == {TIME.format("N0500"): parts}


def test_two_processings_of_one_ground_are_no_parts(make: Callable[..., L2aProduct]):
    one, other = make("N0500", "20230713T120000"), make("N0500", "20230713T110000", slice(0, 30))
    with pytest.raises(BuildError, match="which show the same ground") as caught:
        sort_out([one, other])
    assert str(one.path) in str(caught.value)
    assert str(other.path) in str(caught.value)


def test_a_part_whose_pixels_cannot_be_read(make: Callable[..., L2aProduct]):
    one, other = make("N0500", "20230713T120000", slice(0, 30)), make("N0500", "20230713T110000", slice(40, 80))
    Path(other.images["B01"]).write_bytes(b"no image")
    with pytest.raises(ProductError, match="cannot be read"):
        sort_out([one, other])
    third = make("N0400", "20230713T120000")
    third = replace(third, name=replace(third.name, tile=replace(third.name.tile, mgrs="33UVP")))
    found = sort_out([one, other, third], skip_errors=True)
    assert list(found.tiles) == [str(third.name.tile)]
    assert "cannot be read" in found.unreadable[str(one.name.tile)]


def test_other_times_and_places_are_other_acquisitions(make_product: Callable[..., Path], tmp_path: Path):
    names = [
        "S2A_MSIL2A_20180613T101031_N0500_R022_T33UUP",
        "S2A_MSIL2A_20180613T101032_N0400_R022_T33UUP",
        "S2B_MSIL2A_20180613T101031_N0400_R022_T33UUP",
        "S2A_MSIL2A_20180613T101031_N0400_R022_T33UVP",
    ]
    products = [open_product(make_product(tmp_path, name)) for name in names]
    assert list(sort_out(products).tiles) == names
