from datetime import date
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, TypeAdapter

from reben.pipeline.configuration import Configuration, Correction, read_configuration
from reben.pipeline.example import example
from reben.work.options import key_of, plain_type


def sections() -> list[type[BaseModel]]:
    kinds = [plain_type(field.annotation) for field in Configuration.model_fields.values()]
    return [Configuration, *(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))]


def test_it_can_be_read_and_shows_the_defaults(tmp_path: Path):
    (tmp_path / "area.yaml").write_text(example())
    shown = read_configuration(tmp_path / "area.yaml")
    search = {"tile": "33UUP", "from": date(2017, 6, 1), "to": date(2017, 6, 30), "cloud": 10}
    plain = Configuration.model_validate(
        {"output": "my-area", "search": search, "correct": {}, "build": {"clc": "U2018_CLC2018_V2020_20u1.gpkg"}},
        context={"folder": tmp_path},
    )
    assert shown == plain
    assert shown.correct == Correction()


def test_sections_leave_it_to_the_whole_what_happens_after_an_error(tmp_path: Path):
    (tmp_path / "area.yaml").write_text(example().replace("\non_error: stop", "\non_error: skip"))
    shown = read_configuration(tmp_path / "area.yaml")
    assert shown.settled().build.on_error == "skip"


@pytest.mark.parametrize("section", sections())
def test_every_key_is_named_and_every_example_is_a_value(section: type[BaseModel]):
    words = example()
    for name, field in section.model_fields.items():
        assert f"{key_of(name, field)}:" in words
        for value in field.examples or ():
            TypeAdapter(Annotated[field.annotation, *field.metadata, "its rules"]).validate_python(value)


@pytest.mark.parametrize("section", sections())
def test_every_field_is_described(section: type[BaseModel]):
    for name, field in section.model_fields.items():
        assert (field.description or "").endswith("."), name
