"""Draw the tree of ARCHITECTURE.md: every folder and module of the package with the first line of its docstring.

python tools/draw_tree.py           writes it
python tools/draw_tree.py --check   exit code 1 if it is not what the document has
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "reben"
DOCUMENT = ROOT / "ARCHITECTURE.md"
ORDER = (
    *(
        "core",
        "work",
        "net",
        "io",
        "rules",
        "acquire",
        "correct",
        "tile",
        "encode",
        "get",
        "verify",
        "describe",
        "compare",
        "audit",
        "data",
        "learn",
        "paper",
    ),
    *("pictures", "construct", "publish", "release", "demo", "pipeline", "cli"),
)
"""Folders as import-linter's layers have them, lowest first; a folder that is missing here comes last."""
_COLUMN = 30


def tree() -> str:
    """All folders and modules, one per line."""
    return "\n".join(["src/reben/", *_lines(SOURCE, 1)])


def drawn(document: str) -> str:
    """The document with the tree of now in its first block of code."""
    before, _, after = document.split("```", 2)
    return f"{before}```\n{tree()}\n```{after}"


def _lines(folder: Path, depth: int) -> Iterator[str]:
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    for path in modules:
        yield _line(path.name, path, depth)
    folders = [path for path in folder.iterdir() if (path / "__init__.py").is_file()]
    for path in sorted(folders, key=lambda path: (ORDER.index(path.name) if path.name in ORDER else 99, path.name)):
        yield _line(f"{path.name}/", path / "__init__.py", depth)
        yield from _lines(path, depth + 1)


def _line(name: str, module: Path, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return f"{'  ' * depth + name:<{_COLUMN}} {docstring.partition(chr(10))[0].removesuffix('.')}"


def main() -> int:
    """Write or compare the tree."""
    document = DOCUMENT.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        if drawn(document) != document:
            print("ARCHITECTURE.md does not have the tree of now; run python tools/draw_tree.py")
            return 1
        return 0
    DOCUMENT.write_text(drawn(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
