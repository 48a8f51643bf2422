from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from reben.core.backscatter import Unit
from reben.work.options import (
    Location,
    OnCommandLine,
    Options,
    Positive,
    choices_of,
    ends_of,
    first_problem,
    key_of,
    member_type,
    plain_type,
    shown_as,
)


class Some(Options):
    """Options with a field of each kind."""

    paths: tuple[Location, ...] = ()
    first: Annotated[int | None, Field(alias="from"), OnCommandLine(panel="Numbers")] = None
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    hours: Annotated[float, Field(gt=0)] = 4.0
    workers: Positive | None = None
    mode: Literal["drop", "keep"] = "drop"


FIELDS = Some.model_fields


def test_paths_lie_beside_the_file_that_names_them(tmp_path: Path):
    given = {"paths": ["a.csv", "/elsewhere/b.csv"]}
    assert Some.model_validate(given, context={"folder": tmp_path}).paths == (
        tmp_path / "a.csv",
        Path("/elsewhere/b.csv"),
    )
    assert Some.model_validate(given).paths[0] == Path("a.csv")


def test_an_empty_section_has_the_defaults():
    assert Some.model_validate(None) == Some()


def test_fields_can_be_given_by_their_name_or_as_in_a_file():
    assert Some.model_validate({"from": 3}) == Some(first=3)
    assert key_of("first", FIELDS["first"]) == "from"
    assert key_of("share", FIELDS["share"]) == "share"


@pytest.mark.parametrize(
    ("name", "ends"), [("share", "0<=x<1"), ("hours", "x>0"), ("workers", "x>=1"), ("first", ""), ("mode", "")]
)
def test_ends_of_ranges(name: str, ends: str):
    assert ends_of(FIELDS[name]) == ends


def test_types_and_choices():
    assert plain_type(FIELDS["workers"].annotation) is int
    assert member_type(FIELDS["paths"].annotation) is Path
    assert member_type(int) is None
    assert choices_of(FIELDS["mode"].annotation) == ["drop", "keep"]
    assert choices_of(Unit) == ["db", "linear"]
    assert choices_of(int) == []


def test_how_a_field_is_shown():
    assert shown_as(FIELDS["first"]).panel == "Numbers"
    assert shown_as(FIELDS["share"]) == OnCommandLine()


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"share": 1}, ["share"], "1 should be less than 1"),
        ({"shares": 1}, ["shares"], "Extra inputs are not permitted"),
        ({"hours": float("inf")}, ["hours"], "inf should be a finite number"),
        ({"workers": 0}, ["workers"], "0 should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, object], place: list[str], message: str):
    with pytest.raises(ValidationError) as caught:
        Some.model_validate(given)
    assert first_problem(caught.value) == (place, message)


def test_options_do_not_change():
    with pytest.raises(ValidationError):
        Some().hours = 3  # type: ignore[misc]
