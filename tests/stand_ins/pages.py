"""Blocks of code of Markdown pages: run as a reader would run them, or read by the command line."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from reben.cli.main import app
from stand_ins.command import run_reben

_BLOCK = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_NEEDS = re.compile(r"^# needs (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def needs(self) -> str:
        """What it needs that is not here, as its comment says; empty if it runs anywhere."""
        found = _NEEDS.search(self.text)
        return found.group(1) if found else ""

    @property
    def lines(self) -> list[str]:
        """Its lines, continued ones joined, without comments and empty ones."""
        joined = self.text.replace("\\\n", " ")
        return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]

    @property
    def commands(self) -> list[list[str]]:
        """The words of its `reben` commands."""
        plain = (line.removeprefix("srun ") for line in self.lines)
        return [shlex.split(line, comments=True)[1:] for line in plain if line.startswith("reben ")]


def blocks_of(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in these languages, in order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(it["language"], it["text"]) for it in found if it["language"] in languages]


def run_page(page: Path, folder: Path) -> list[str]:
    """Run all blocks of a page that need nothing else, in one folder; return what each printed."""
    os.chdir(folder)
    names: dict[str, object] = {"__name__": "__page__"}
    return [run(block, names) for block in blocks_of(page, "bash", "python") if not block.needs]


def run(block: Block, names: dict[str, object]) -> str:
    """Run one; Python shares its names with the blocks before, and commands of ours run in this process."""
    if block.language == "python":
        exec(compile(block.text, "<page>", "exec"), names)  # noqa: S102 - our own text
        return ""
    if len(block.commands) == len(block.lines):
        return "".join(run_reben(*_spread(words)).stdout for words in block.commands)
    return subprocess.run(["bash", "-eu", "-c", block.text], capture_output=True, text=True, check=True).stdout


def _spread(words: list[str]) -> Iterator[str]:
    """Words with file patterns spread, as a shell does it."""
    for word in words:
        yield from sorted(map(str, Path().glob(word))) if "*" in word else [word]


def read_by_the_command_line(words: list[str]) -> None:
    """Let the real command line read a command, whose first words are names of commands, without running it.

    Raises:
        Exception: as the command line raises it where it refuses a command.
    """
    command = typer.main.get_command(app)
    context = command.make_context("reben", words[:1])
    while words and hasattr(command, "resolve_command"):
        _, command, _ = command.resolve_command(context, words)
        inner = words[1:2] if hasattr(command, "resolve_command") else words[1:]
        try:
            context = command.make_context(words[0], list(inner), parent=context)
        except typer.BadParameter as refusal:
            if "does not exist" not in refusal.message:
                raise
            return  # names and values are read before files are looked for
        words = words[1:]
