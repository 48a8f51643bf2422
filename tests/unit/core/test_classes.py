import numpy as np
import pytest

from reben.core.classes import CLC2018, UNLABELLED, LandCover, Legend
from reben.core.errors import LegendError

CODES_OF_CLASS = {
    "Urban fabric": (111, 112),
    "Industrial or commercial units": (121,),
    "Arable land": (211, 212, 213),
    "Permanent crops": (221, 222, 223, 241),
    "Pastures": (231,),
    "Complex cultivation patterns": (242,),
    "Land principally occupied by agriculture, with significant areas of natural vegetation": (243,),
    "Agro-forestry areas": (244,),
    "Broad-leaved forest": (311,),
    "Coniferous forest": (312,),
    "Mixed forest": (313,),
    "Natural grassland and sparsely vegetated areas": (321, 333),
    "Moors, heathland and sclerophyllous vegetation": (322, 323),
    "Transitional woodland, shrub": (324,),
    "Beaches, dunes, sands": (331,),
    "Inland wetlands": (411, 412),
    "Coastal wetlands": (421, 422),
    "Inland waters": (511, 512),
    "Marine waters": (521, 522, 523),
}
UNLABELLED_CODES = (122, 123, 124, 131, 132, 133, 141, 142, 332, 334, 335, 423, 999)

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)
CROPS = Legend(
    "crops",
    (
        LandCover(7, "wheat", RED, "grain"),
        LandCover(0, "maize", GREEN, "grain"),
        LandCover(65_535, "beet", BLUE, "root"),
        LandCover(1, "none", GREY, None),
    ),
)


def test_clc2018_has_the_19_classes_sorted_by_name() -> None:
    assert len(CLC2018.class_names) == 19
    assert list(CLC2018.class_names) == sorted(CODES_OF_CLASS)


@pytest.mark.parametrize(("name", "codes"), CODES_OF_CLASS.items())
def test_clc2018_codes_become_their_class(name: str, codes: tuple[int, ...]) -> None:
    indices = CLC2018.class_map(np.array(codes, np.uint16))
    assert {CLC2018.class_names[index] for index in indices} == {name}


def test_clc2018_other_codes_stay_unlabelled() -> None:
    assert set(CLC2018.class_map(np.array(UNLABELLED_CODES, np.uint16)).tolist()) == {UNLABELLED}


def test_clc2018_has_44_codes_and_999() -> None:
    known = {code for codes in CODES_OF_CLASS.values() for code in codes} | set(UNLABELLED_CODES)
    assert len(known) == 45
    assert {entry.code for entry in CLC2018.entries} == known


@pytest.mark.parametrize(
    ("code", "colour"),
    [
        (111, (230, 0, 77)),
        (112, (255, 0, 0)),
        (211, (255, 255, 168)),
        (312, (0, 166, 0)),
        (334, (0, 0, 0)),
        (512, (128, 242, 230)),
        (523, (230, 242, 255)),
        (999, (255, 255, 255)),
    ],
)
def test_clc2018_colours_are_those_of_the_environment_agency(code: int, colour: tuple[int, int, int]) -> None:
    assert {entry.colour for entry in CLC2018.entries if entry.code == code} == {colour}


def test_class_colour_is_that_of_its_first_code() -> None:
    colours = dict(zip(CLC2018.class_names, CLC2018.class_colours, strict=True))
    assert colours["Urban fabric"] == (230, 0, 77)
    assert colours["Permanent crops"] == (230, 128, 0)
    assert CROPS.class_colours == (RED, BLUE)


def test_custom_legend_has_its_own_classes() -> None:
    assert CROPS.class_names == ("grain", "root")
    codes = np.array([[7, 0, 65_535], [1, 1, 7]], np.uint16)
    assert CROPS.class_map(codes).tolist() == [[0, 0, 1], [UNLABELLED, UNLABELLED, 0]]


def test_class_map_of_no_pixels_is_empty() -> None:
    assert CLC2018.class_map(np.zeros((0, 5), np.uint16)).shape == (0, 5)


@pytest.mark.parametrize("code", [0, 1, 110, 113, 255, 998, 1000, 65_535])
def test_unknown_code_is_named(code: int) -> None:
    with pytest.raises(LegendError, match=rf"\b{code}\b.*CLC2018") as caught:
        CLC2018.class_map(np.array([[211, code]], np.uint16))
    assert "level-3" in caught.value.hint


def test_code_given_twice_is_named() -> None:
    entries = tuple(LandCover(code, "x", RED, "x") for code in (211, 212, 211))
    with pytest.raises(LegendError, match=r"twice.*mine|mine.*twice") as caught:
        Legend("mine", entries)
    assert "211" in str(caught.value)


@pytest.mark.parametrize("code", [-7, 65_536])
def test_code_that_no_reference_map_can_hold_is_named(code: int) -> None:
    with pytest.raises(LegendError, match=r"mine.*65535") as caught:
        Legend("mine", (LandCover(code, "x", RED, "x"),))
    assert str(code) in str(caught.value).replace("65535", "")


@pytest.mark.parametrize("entries", [(), (LandCover(1, "x", RED, None),)])
def test_legend_without_a_class_is_refused(entries: tuple[LandCover, ...]) -> None:
    with pytest.raises(LegendError, match=r"mine.*no code belongs to a class"):
        Legend("mine", entries)


@pytest.mark.parametrize("classes", [128, 200])
def test_legend_of_many_classes_works_or_is_refused(classes: int) -> None:
    entries = tuple(LandCover(code, "x", RED, f"class {code:03}") for code in range(classes))
    try:
        indices = Legend("many", entries).class_map(np.arange(classes, dtype=np.uint16))
    except LegendError as error:
        assert str(classes) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert indices.tolist() == list(range(classes))
