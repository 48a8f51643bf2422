"""How options are declared and shown: from models, with old names, in eighty columns."""

import re
from typing import Annotated

import pytest
import typer
from pydantic import BaseModel, ConfigDict, Field
from typer.testing import CliRunner

from reben.cli.commands import add_command, reflowed
from reben.cli.from_model import with_options_of
from reben.cli.main import app

ANSI = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = """
audit|build|correct|demo|download|embed|encode|encode bigearthnet|encode custom|encode eurosat|evaluate
evaluate-retrieval|experiment|experiment paper|export|models|pipeline|predict|publish|retrieve|search|split|stats
store|store check|store export|store info|store merge|table|train|verify
"""


class Options(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str | None = None
    """Name of something."""
    count: Annotated[int, Field(gt=0, le=9)] = 3
    """How many
    there are."""
    quick: bool = False
    """Whether to hurry."""


def made() -> tuple[typer.Typer, list[dict]]:
    calls: list[dict] = []
    own = typer.Typer()

    @with_options_of(Options, panel="Options of the model", may_switch_off=True)
    def command(output: Annotated[str, typer.Option()] = "x", **settings: object) -> None:
        """Do it.

        A long paragraph that is
        wrapped in the source, see owner/name[@revision].
        """
        calls.append({"output": output, **settings})

    add_command(own, "command", command, renamed={"--target": "--output"})
    return own, calls


def test_each_field_is_an_option_that_is_none_unless_given():
    own, calls = made()
    runner = CliRunner()
    assert runner.invoke(own, []).exit_code == 0
    assert runner.invoke(own, ["--count", "4", "--quick", "--name", "a"]).exit_code == 0
    assert runner.invoke(own, ["--no-quick"]).exit_code == 0
    assert calls == [
        {"output": "x", "name": None, "count": None, "quick": None},
        {"output": "x", "name": "a", "count": 4, "quick": True},
        {"output": "x", "name": None, "count": None, "quick": False},
    ]
    assert runner.invoke(own, ["--count", "10"]).exit_code == 2


def test_old_names_still_work_and_are_not_shown():
    own, calls = made()
    runner = CliRunner()
    assert runner.invoke(own, ["--target", "a"]).exit_code == 0
    assert runner.invoke(own, ["--target=b"]).exit_code == 0
    assert [call["output"] for call in calls] == ["a", "b"]
    assert "--target" not in runner.invoke(own, ["--help"]).output


def test_help_has_defaults_and_placeholders_of_the_field():
    own, _ = made()
    text = ANSI.sub("", CliRunner().invoke(own, ["-h"], env={"COLUMNS": "80"}).output)
    assert "A long paragraph that is wrapped in the source, see owner/name[@revision]." in " ".join(text.split())
    assert "How many there are. [default: 3]" in re.sub(r"[\s│]+", " ", text)
    assert "N [1<=x<=9]" in text
    assert "TEXT" in text


def test_paragraphs_are_kept():
    assert reflowed("a\n  b\n\n  c") == "a b\n\nc"


@pytest.mark.parametrize("command", re.split(r"[|\n]", COMMANDS.strip()))
def test_the_help_of_every_command_fits_into_eighty_columns(command: str):
    result = CliRunner().invoke(app, [*command.split(), "-h"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert result.exit_code == 0, result.output
    text = ANSI.sub("", result.output)
    assert max(map(len, text.splitlines())) <= 80
    options = text[text.index("─ Options") :]
    for kind in ("list[", "<path", "<str>", "<int", "<float>"):
        assert kind not in options


def test_commands_stand_in_the_order_of_the_data():
    text = ANSI.sub("", CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output)
    order = ("demo", "search", "correct", "build", "train", "predict", "publish")
    places = [text.index(f"│ {name} ") for name in order]
    assert places == sorted(places)
