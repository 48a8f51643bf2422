"""Typed records in JSON files: reports of what a stage did, of this version and of earlier ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, ValidationError

from reben.core.errors import RebenError
from reben.io.small_files import MOST_REPORT_BYTES, read_json

R = TypeVar("R", bound=BaseModel)


def record_config(old_names: Mapping[str, str]) -> ConfigDict:
    """Configuration of a record that never changes, and that also reads the names that fields once had.

    Args:
        old_names: former names by field.
    """
    return ConfigDict(
        frozen=True,
        populate_by_name=True,
        allow_inf_nan=False,
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(name, old_names[name]) if name in old_names else name
        ),
    )


def read_record(path: Path, kind: type[R], *, error: type[RebenError], hint: str) -> R:
    """Read a record.

    Args:
        path: JSON file.
        kind: of the record.
        error: to raise.
        hint: of the error.

    Raises:
        RebenError: `error`, if the file cannot be read, or lacks a field, or has one of another type.
    """
    content = read_json(path, error=error, hint=hint, most_bytes=MOST_REPORT_BYTES)
    try:
        return kind.model_validate(content)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise error(f"{path}: {where}: {first['msg']}", hint=hint) from wrong
