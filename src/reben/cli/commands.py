"""How commands are registered and shown: in panels in the order of the data, with help that fits any terminal."""

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo

from reben.cli.from_model import former_names, models_of
from reben.cli.lazy import CONTEXT
from reben.work.options import choices_of

_PLACEHOLDERS = {Path: "PATH", str: "TEXT", int: "N", float: "X"}
"""What stands for a value in the help."""


def add_command(
    app: typer.Typer,
    name: str,
    function: Callable[..., Any],
    *,
    panel: str | None = None,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Register a command: its docstring is the help, whose paragraphs may break anywhere.

    Args:
        app: where to.
        name: of the command.
        function: what it does.
        panel: under which the help lists it.
        renamed: names that options had before and their names today; the old ones still work, and the help is silent
            about them. Those of its options model need not be named.
    """
    for model in models_of(function):
        renamed = {**renamed, **former_names(model)}
    for parameter in inspect.signature(function).parameters.values():
        _name_placeholder(parameter.annotation)
    text = reflowed(function.__doc__ or "")
    kind = type("Command", (_RenamingCommand,), {"renamed": renamed})
    app.command(name, cls=kind, help=text, rich_help_panel=panel, context_settings=CONTEXT)(function)


class _RenamingCommand(TyperCommand):
    """A command that knows the names that its options had before."""

    renamed: ClassVar[Mapping[str, str]]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own context
        """Parse arguments in which old names stand for new ones, up to a `--` of its own."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*map(self._today, args[:end]), *args[end:]])

    def _today(self, argument: str) -> str:
        name, equals, value = argument.partition("=")
        return f"{self.renamed.get(name, name)}{equals}{value}"


def reflowed(text: str) -> str:
    """The text with the line ends inside its paragraphs taken out, and what rich would take for markup escaped.

    >>> reflowed("One line\\n    and another.\\n\\n    A paragraph.")
    'One line and another.\\n\\nA paragraph.'
    """
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).replace("[", "\\[")


def _name_placeholder(annotation: Any) -> None:  # noqa: ANN401 - whatever stands at a parameter
    """Let the help show PATH or N for a value instead of Python's name of its type."""
    if get_origin(annotation) is not Annotated:
        return
    kind, *notes = get_args(annotation)
    for declared in notes:
        if isinstance(declared, OptionInfo) and declared.metavar is None:
            value = _plain(kind)
            declared.metavar = "|".join(choices_of(value)) or _PLACEHOLDERS.get(value)


def _plain(kind: Any) -> Any:  # noqa: ANN401 - as above
    """The type of one value: without None, and of the members of a list."""
    if get_origin(kind) in {Union, UnionType}:
        kind = next(part for part in get_args(kind) if part is not type(None))
    return _plain(get_args(kind)[0]) if get_origin(kind) is list else kind
