"""An example of a configuration, written from the options models: each key with its description and a value."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reben.pipeline.configuration import Configuration
from reben.work.options import choices_of, ends_of, key_of, member_type, plain_type

_HEAD = """\
# From a search to a store: reben pipeline CONFIG.yaml
# Paths are relative to this file. A key without a # in front of it has its default, where it is not an example;
# a key behind a # is not given, and shows an example.
"""
_GIVEN = frozenset({"output", "search.tile", "search.from", "search.to", "search.cloud", "build.clc"})
"""Keys that the example gives although they have no default."""
_LEFT_OUT = frozenset({"search_s1"})
"""Sections that the example shows without giving them."""
_PASSED_ON = "on_error"
"""A key that sections take from the whole configuration if they do not have it."""
_WIDTH = 100


def example() -> str:
    """A configuration with all keys, to start from."""
    return "\n".join([_HEAD, *_lines(Configuration, "")]) + "\n"


def _lines(model: type[BaseModel], section: str) -> Iterator[str]:
    """The lines of a section; of the whole configuration if it has no name."""
    indent = "  " if section else ""
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        yield from (f"{indent}# {line}" for line in wrap(_comment(field), _WIDTH))
        kind = plain_type(field.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            mark = "#" if key in _LEFT_OUT else ""
            yield from (f"{mark}{line}" for line in (f"{key}:", *_lines(kind, key)))
        else:
            is_given = f"{section}.{key}".removeprefix(".") in _GIVEN
            passed_on = bool(section) and key == _PASSED_ON
            is_default = not (field.is_required() or passed_on or field.default in {None, "", ()})
            mark = "" if is_given or is_default else "#"
            yield f"{indent}{mark}{key}: {_as_yaml(field.default if is_default else _example_of(field))}"
        if not section:
            yield ""


def _comment(field: FieldInfo) -> str:
    """The description, and which values are possible."""
    kind = plain_type(field.annotation)
    values = "" if isinstance(field.default, bool) else "|".join(choices_of(kind))
    values = values or (ends_of(field) if member_type(kind) is None else "")
    words = " ".join((field.description or "").split())
    return words + (" Required." if field.is_required() else "") + (f" [{values}]" if values else "")


def _example_of(field: FieldInfo) -> object:
    return field.examples[0] if field.examples else field.default


def _as_yaml(value: Any) -> str:  # noqa: ANN401 - any value of a field
    """A value on one line."""
    if isinstance(value, Path) or choices_of(type(value)):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.strip().removesuffix("...").strip()
