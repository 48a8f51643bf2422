"""What the options models of all stages share: their rules, their paths, and how the command line shows a field.

A stage declares each of its options once, as a field of its model: name, type, limits, default, and, below the field, a
sentence that is the help. The command line, the pipeline's YAML file, its example and docs/options.md are made from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

from reben.core.text import shortened

_LONGEST_VALUE = 80  # characters of a value that a message repeats


@dataclass(frozen=True, slots=True)
class OnCommandLine:
    """How the command line shows a field, as far as its name, type and description do not say it."""

    panel: str = ""
    """Under which the help lists it; the first one if empty."""
    option: str = ""
    """Name of the option, with its dashes; by default the field's own, or its alias, with - for _."""
    former: str = ""
    """Name that the option had before; it still works, and the help is silent about it."""
    metavar: str = ""
    """What stands for a value in the help; by default what its type says."""
    exists: bool = False
    """Whether a path is refused at once if nothing is there."""


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ".")) / path


Location = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; if it is relative, from the folder of the configuration file that names it."""
Positive = Annotated[int, Field(ge=1)]
OnError = Literal["stop", "skip"]
LoadingThreads = Annotated[
    int | None,
    Field(
        ge=0,
        description="Threads that load batches; 0 loads each batch when it is needed. By default several with a GPU, "
        "else 0.",
    ),
]
Checksums = Annotated[bool, Field(description="Compare images with the checksums in zip files and manifest.safe.")]


class Options(BaseModel):
    """Options of a stage. Unknown ones and values out of range are refused; none changes later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _read_empty_as_defaults(cls, value: object) -> object:
        return {} if value is None else value  # a key without a value: `encode:`


def key_of(name: str, field: FieldInfo) -> str:
    """The name of a field in a file: its alias, if it has one."""
    return field.alias or name


def shown_as(field: FieldInfo) -> OnCommandLine:
    """What the field says of its option."""
    return next((note for note in field.metadata if isinstance(note, OnCommandLine)), OnCommandLine())


def plain_type(annotation: Any) -> Any:  # noqa: ANN401 - whatever stands at a field
    """The type of a field without what is annotated to it, and without None.

    >>> plain_type(Annotated[int, Field(ge=1)] | None)
    <class 'int'>
    """
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return plain_type(next(kind for kind in get_args(annotation) if kind is not type(None)))
    return annotation


def member_type(kind: Any) -> Any | None:  # noqa: ANN401 - as above
    """The type of the members of a tuple of any length; None for all other types."""
    return plain_type(get_args(kind)[0]) if get_origin(kind) is tuple else None


def constraints(field: FieldInfo) -> Iterator[object]:
    """Everything that is annotated to a field or to a part of its type, such as limits."""
    yield from field.metadata
    yield from _annotated_to(field.annotation)


def _annotated_to(annotation: Any) -> Iterator[object]:  # noqa: ANN401 - as above
    if get_origin(annotation) is Annotated:
        for note in get_args(annotation)[1:]:
            yield from note.metadata if isinstance(note, FieldInfo) else (note,)
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        for part in get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation):
            yield from _annotated_to(part)


def ends_of(field: FieldInfo) -> str:
    """The ends of the range of a number, such as `0<=x<1` or `x>=1`; empty if there are none."""
    low = high = ""
    for limit in constraints(field):
        match limit:
            case Ge(ge=int() | float() as value):
                low = f"{_short(value)}<="
            case Gt(gt=int() | float() as value):
                low = f"{_short(value)}<"
            case Le(le=int() | float() as value):
                high = f"<={_short(value)}"
            case Lt(lt=int() | float() as value):
                high = f"<{_short(value)}"
    if low and not high:
        return f"x>{low.removesuffix('<')}" if low.endswith("<") else f"x>={low.removesuffix('<=')}"
    return f"{low}x{high}" if high else ""


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def choices_of(kind: Any) -> list[str]:  # noqa: ANN401 - as above
    """All values of a literal type or an enumeration; none for other types."""
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    return [str(member.value) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def first_problem(error: ValidationError) -> tuple[list[str], str]:
    """Where the first of pydantic's complaints is, as names from the outside in, and what it says of which value."""
    first = error.errors()[0]
    value = shortened(repr(first["input"]), _LONGEST_VALUE)
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        said = f"{value} does not have the form that is expected"
    return [str(part) for part in first["loc"]], re.sub(r"^Input(?= should )", lambda _: value, said)
