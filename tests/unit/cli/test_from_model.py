"""Options of commands come from models; see also integration tests of the commands."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field
from typer.core import TyperGroup
from typer.testing import CliRunner

from reben.cli import (
    build,
    correct,
    download,
    embed,
    encode,
    evaluate,
    predict,
    probe,
    publish,
    retrieve,
    s1,
    search,
    train,
)  # fmt: skip
from reben.cli.commands import add_command
from reben.cli.from_model import models_of, option_of, options_from, with_options_of
from reben.cli.lazy import LazyGroup, imported
from reben.cli.main import app
from reben.core.backscatter import Unit
from reben.work.options import Location, OnCommandLine, Options, Positive


class Some(Options):
    """Options with a field of each kind."""

    places: Annotated[tuple[Location, ...], OnCommandLine(option="--place", former="--spot")] = ()
    """Where to look."""
    first: Annotated[date | None, Field(alias="from")] = None
    """First day."""
    share: Annotated[float, Field(ge=0, lt=1), OnCommandLine(panel="Numbers")] = 0.5
    """How much of it."""
    workers: Annotated[Positive | None, OnCommandLine(panel="Numbers")] = None
    """How many at a time."""
    unit: Unit | None = None
    """Unit of all."""
    mode: Literal["drop", "keep"] = "drop"
    """What to do."""
    dem: Annotated[Location | None, OnCommandLine(exists=True)] = None
    """What must be there."""
    quick: bool = False
    """Make it quick."""
    careful: bool = True
    """Look twice."""
    splits: tuple[Literal["train", "test"], ...] = ()
    """What is taken."""
    name: str
    """What it is called."""


@pytest.fixture
def run() -> Any:
    """Run a command with these options; the options that it was given, or what was said."""
    given: list[Some] = []

    @with_options_of(Some, panel="All")
    def command(**settings: Any) -> None:
        """Do something."""
        given.append(options_from(Some, **settings))

    program = typer.Typer()
    add_command(program, "command", command)

    def run(*arguments: str) -> Some | str:
        given.clear()
        result = CliRunner().invoke(program, arguments, env={"TERM": "dumb", "COLUMNS": "160"})
        return given[0] if given else result.output

    return run


def test_what_is_not_given_has_the_default_of_the_model(run: Any):
    assert run("--name", "a") == Some(name="a")


def test_values_of_every_kind(run: Any, tmp_path: Path):
    found = run(
        "--name", "a", "--place", "b", "--spot", "c", "--from", "2017-06-01", "--share", "0.25", "--workers", "3",
        "--unit", "db", "--mode", "keep", "--dem", str(tmp_path), "--quick", "--no-careful",
        "--splits", "test", "--splits", "train",
    )  # fmt: skip
    assert found == Some(
        name="a", places=(Path("b"), Path("c")), first=date(2017, 6, 1), share=0.25, workers=3, unit=Unit.db,
        mode="keep", dem=tmp_path, quick=True, careful=False, splits=("test", "train"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--name'"),
        (["--name", "a", "--share", "1"], "Invalid value for '--share': 1.0 should be less than 1"),
        (["--name", "a", "--workers", "0"], "Invalid value for '--workers'"),
        (["--name", "a", "--mode", "lose"], "'lose' is not one of 'drop', 'keep'"),
        (["--name", "a", "--from", "June"], "June"),
        (["--name", "a", "--dem", "missing.tif"], "'missing.tif' does not exist"),
        (["--name", "a", "--no-quick"], "No such option"),
    ],
)
def test_wrong_values_are_named_with_their_option(run: Any, arguments: list[str], message: str):
    assert message in " ".join(str(run(*arguments)).replace("│", " ").split())


def test_the_help_shows_limits_choices_defaults_and_panels(run: Any):
    words = run("--help")
    for word in (
        "X [0<=x<1]", "[default: 0.5]", "N [x>=1]", "db|linear", "drop|keep", "train|test", "YYYY-MM-DD", "Numbers",
        "All", "Where to look. May be repeated.", "--careful", "--no-careful", "[default: careful]", "[required]",
    ):  # fmt: skip
        assert word in words, word
    assert "--spot" not in words
    assert "--no-quick" not in words


def leaves(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All commands below a group, by their words."""
    for word in group.commands:
        command = imported(word) if isinstance(group, LazyGroup) else group.commands[word]
        if isinstance(command, TyperGroup):
            yield from leaves(command, f"{name}{word} ")
        else:
            yield f"{name}{word}", command


COMMANDS = {
    "search": search.search, "download": download.download, "correct": correct.correct, "s1": s1.s1,
    "build": build.build,
    "encode custom": encode.custom, "train": train.train, "evaluate": evaluate.evaluate, "predict": predict.predict,
    "embed": embed.embed, "retrieve": retrieve.retrieve, "evaluate-retrieval": retrieve.evaluate_retrieval,
    "publish": publish.publish, "probe": probe.probe,
}  # fmt: skip
DATA = {"data", "store", "metadata"}
OWN = {
    "search": {"names", "output"},
    "download": {"products", "output", "json"},
    "correct": {"l1c", "output", "json"},
    "s1": {"grd", "tile", "output", "json"},
    "build": {"l2a", "output"},
    "encode custom": {"specification", "roots", "target"},
    "train": DATA | {"output", "statistics", "recipe", "config", "test", "resume"},
    "evaluate": DATA | {"checkpoint", "json", "result"},
    "predict": DATA | {"checkpoint", "patch_ids", "l2a", "picture", "output", "json"},
    "embed": DATA | {"backbone", "checkpoint", "output"},
    "retrieve": DATA | {"patch_id", "embeddings", "checkpoint", "picture", "json"},
    "evaluate-retrieval": {"embeddings", "json"},
    "probe": {"embeddings", "output", "data", "metadata", "lists"},
    "publish": DATA | {"run", "repo", "output"},
}
"""What commands declare themselves: what they work on, and where the result goes."""


@pytest.mark.parametrize("name", OWN)
def test_every_option_of_a_stage_comes_from_its_model(name: str):
    command = dict(leaves(typer.main.get_command(app)))[name]
    models = models_of(COMMANDS[name])
    assert models
    shown = {parameter.name: parameter for parameter in command.params if parameter.name != "help"}
    fields = {field_name: field for model in models for field_name, field in model.model_fields.items()}
    assert set(shown) == OWN[name] | set(fields)
    for field_name, field in fields.items():
        if field_name not in OWN[name]:
            assert option_of(field_name, field) in shown[field_name].opts
            assert " ".join((field.description or "").split()) in shown[field_name].help


def test_datasets_are_encoded_with_the_same_options():
    commands = dict(leaves(typer.main.get_command(app)))
    (model,) = models_of(encode.custom)
    for name, command in commands.items():
        if name.startswith("encode "):
            assert set(model.model_fields) <= {parameter.name for parameter in command.params}


def test_days_have_no_time():
    assert options_from(Some, name="a", first=datetime(2017, 6, 1)).first == date(2017, 6, 1)  # noqa: DTZ001
