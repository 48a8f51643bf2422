from pathlib import Path

import pytest
from pydantic import BaseModel

from reben.core.errors import BuildError
from reben.io.records import read_record, record_config


class Inner(BaseModel):
    model_config = record_config({"side_m": "side (m)"})

    side_m: float


class Outer(BaseModel):
    model_config = record_config({})

    inner: Inner


def read(path: Path) -> Outer:
    return read_record(path, Outer, error=BuildError, hint="write it again")


@pytest.mark.parametrize("name", ["side_m", "side (m)"])
def test_names_of_now_and_of_before(tmp_path: Path, name: str):
    path = tmp_path / "record.json"
    path.write_text(f'{{"inner": {{"{name}": 2}}}}')
    assert read(path).inner == Inner(side_m=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "inner: Field required"),
        ('{"inner": {"side_m": "far"}}', r"inner\.side_m: Input should be a valid number"),
        ('{"inner": {"side_m": NaN}}', "record.json"),
        ("[1]", "Input should be a valid dictionary"),
        ("{", "record.json"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, text: str, message: str):
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(BuildError, match=message) as caught:
        read(path)
    assert caught.value.hint == "write it again"
