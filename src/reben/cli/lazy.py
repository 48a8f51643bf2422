"""A group whose commands are imported when they are called: the list of commands needs none of them."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from reben.cli.table import GROUPS, PANELS, Entry

CONTEXT = {"help_option_names": ["-h", "--help"]}


class LazyGroup(TyperGroup):
    """The commands of the table: known by name and line, imported one at a time."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's many
        listed = {
            entry.name: TyperCommand(name=entry.name, callback=None, help=entry.line, rich_help_panel=panel)
            for panel, entries in PANELS.items()
            for entry in entries
        }
        super().__init__(**{**attributes, "commands": listed})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - Typer's
        """The command that is called, imported, and what is left of the arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and imported(name or ""), rest


def imported(name: str) -> TyperCommand | TyperGroup:
    """The command, or the group of commands, of an entry, made from what its module declares."""
    panel, entry = next((panel, entry) for panel, own in PANELS.items() for entry in own if entry.name == name)
    app = typer.Typer()
    app.callback()(_nothing)  # so that Typer makes a group even of a single command
    _register(app, entry, panel)
    command: TyperCommand | TyperGroup = typer.main.get_group(app).commands[name]  # type: ignore[assignment]
    return command


def _register(app: typer.Typer, entry: Entry, panel: str) -> None:
    module = import_module(entry.home)
    if entry.name in GROUPS:
        app.add_typer(module.app, name=entry.name, rich_help_panel=panel, context_settings=CONTEXT)
        return
    from reben.cli.commands import add_command

    add_command(app, entry.name, getattr(module, entry.attribute), panel=panel, renamed=entry.renamed)


def _nothing() -> None:
    """What a group does before its commands."""
