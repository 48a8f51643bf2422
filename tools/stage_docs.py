"""Stage the pages of the documentation site in build/docs: those of docs/, and those that are made from the code.

python tools/stage_docs.py [FOLDER]    writes them; FOLDER is build/docs if it is not given

The pages of docs/ are read on the repository as well, so their links to files outside of docs/ are changed here, and
what only the site can show (the command line as Typer knows it, docstrings by mkdocstrings) is added here.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

import reben
from reben.cli.lazy import imported
from reben.cli.main import app

ROOT = Path(__file__).parents[1]
STAGED = ROOT / "build" / "docs"
_PROJECT = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changes.md",
    "web/README.md": "project/web.md",
}
"""Files of the project that are pages of the site, too; links to other files outside of docs/ are refused."""
_GROUPS: dict[str, tuple[str, ...]] = {
    "Open and write data": (
        "open_dataset",
        "open_store",
        "create_store",
        "find_data",
        "read_metadata",
        "write_metadata",
        "read_statistics",
        "read_legend",
    ),
    "Data sets and loaders": ("PatchDataset", "PatchDataModule", "Store"),
    "Models": ("load_model", "save_model", "TrainedModel"),
    "Look and check": ("plot", "audit"),
    "Facts": ("BANDS", "BAND_SETS", "CLC2018", "Legend", "PUBLISHED_STATISTICS", "RebenError"),
}
"""Every public name but the version, in the order in which a reader needs them."""
_STAGES = (
    "reben.acquire.search.search",
    "reben.acquire.download.download",
    "reben.correct.stage.correct_products",
    "reben.geocode.stage.geocode",
    "reben.construct.stage.build_dataset",
    "reben.encode.stage.encode_sources",
    "reben.work.context.Context",
)
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_STYLE = re.compile(r"\[/?(?:dim|bold|red|yellow)\]|\\(?=\[)")
"""Marks of rich that Typer leaves in its Markdown."""


class StagingError(Exception):
    """A page cannot be shown on the site as it stands."""


def stage(folder: Path) -> None:
    """Write all pages to `folder`, which is emptied first.

    Raises:
        StagingError: if a link of a page leads to nothing that the site has, or a public name is in no group.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    for page in sorted(folder.rglob("*.md")):
        _rewrite(page, ROOT / "docs" / page.relative_to(folder), folder)
    for name, page in _PROJECT.items():
        (folder / page).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / page)
        _rewrite(folder / page, ROOT / name, folder)
    (folder / "reference").mkdir()
    (folder / "reference" / "commands.md").write_text(commands_page(), encoding="utf-8")
    (folder / "reference" / "python.md").write_text(python_page(), encoding="utf-8")


def _rewrite(page: Path, origin: Path, folder: Path) -> None:
    """Let the links of a page, which came from `origin`, lead to pages of the site."""

    def changed(found: re.Match[str]) -> str:
        start, target, anchor, end = found.group(1), found.group(2), found.group(3) or "", found.group(4)
        if re.match(r"[a-z]+:", target):
            return found.group(0)
        return f"{start}{_path_on_site(origin, target, page, folder)}{anchor}{end}"

    page.write_text(_LINK.sub(changed, page.read_text(encoding="utf-8")), encoding="utf-8")


def _path_on_site(origin: Path, target: str, page: Path, folder: Path) -> str:
    """The path from `page` to what `target` names in the file `origin`."""
    file = (origin.parent / target).resolve()
    if not file.is_file():
        raise StagingError(f"{origin.relative_to(ROOT)} links to {target}, which does not exist")
    name = file.relative_to(ROOT).as_posix()
    on_site = _PROJECT.get(name) or (name.removeprefix("docs/") if name.startswith("docs/") else None)
    if on_site is None:
        raise StagingError(f"{origin.relative_to(ROOT)} links to {name}, which is not a page of the site")
    return Path(os.path.relpath(folder / on_site, page.parent)).as_posix()


def commands_page() -> str:
    """The command line: usage, arguments and options of every command, as Typer knows them."""
    command = typer.main.get_group(app)
    command.commands = {
        name: imported(name) for name in command.commands
    }  # else they are imported when they are called
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="reben"), name="reben")
    return _STYLE.sub("", "\n".join(_without_cut_lists(text.splitlines()))) + "\n"


def _without_cut_lists(lines: Iterable[str]) -> Iterator[str]:
    """All lines but the lists of subcommands, whose descriptions Typer cuts: each has a heading of its own."""
    inside = False
    for line in lines:
        inside = line == "**Commands**:" or (inside and not line.startswith("#"))
        if not inside:
            yield "# Command line" if line == "# `reben`" else line


def python_page() -> str:
    """The public names, for mkdocstrings.

    Raises:
        StagingError: if the groups and the public names differ.
    """
    grouped = {name for names in _GROUPS.values() for name in names}
    differing = grouped ^ (set(reben.__all__) - {"__version__"})
    if differing:
        raise StagingError(f"groups of public names: {', '.join(sorted(differing))} are in one list only; see _GROUPS")
    lines = ["# Python", "", "What can be imported from `reben`, and the functions of the stages.", ""]
    for title, names in _GROUPS.items():
        lines += [f"## {title}", "", *(f"::: {_home(name)}\n" for name in names)]
    lines += [
        "## Stages",
        "",
        "Their options models: [options](../options.md).",
        "",
        *(f"::: {it}\n" for it in _STAGES),
    ]
    return "\n".join(lines)


def _home(name: str) -> str:
    """Where a public name is defined."""
    return "reben.audit.run.audit" if name == "audit" else f"{reben._HOMES[name]}.{name}"  # noqa: SLF001 - the one owner


if __name__ == "__main__":
    stage(Path(sys.argv[1]) if len(sys.argv) > 1 else STAGED)
