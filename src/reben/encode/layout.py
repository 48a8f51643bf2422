"""Where the samples of a data set lie below its root, and how they are called."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reben.core.errors import EncodeError


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of the store to be: its key and where its files lie."""

    key: str
    stem: str
    """Path of the sample's files without `RasterFile.suffix`."""


@dataclass(frozen=True, slots=True)
class SampleLayout:
    """How to find samples; hidden files and folders are none of the data set's."""

    pattern: str
    """Regular expression for a sample's own name: that of its folder, or of its file without `suffix`."""
    suffix: str = ""
    """How the file of a sample ends; empty if a sample is a folder."""
    depth: int | None = None
    """Folders between the root and a sample; None finds samples at any depth."""
    strict: str = ""
    """Hint for a folder at this depth whose name does not fit; empty lets such folders be."""
    mistaken: tuple[tuple[str, str], ...] = ()
    """Patterns of names that people put here by mistake, each with the hint for it."""
    key_parts: int = 1
    """How many names make the key, from the sample's upwards, joined by `_`."""
    key_suffix: str = ""
    files_named: bool = True
    """Whether the files in a sample's folder begin with its name."""

    def find(self, root: Path) -> Iterator[Sample]:
        """All samples below `root`, in any order.

        Raises:
            EncodeError: if a folder has not the name of a sample, and the layout is strict.
        """
        fits = re.compile(self.pattern, re.ASCII).fullmatch
        top = os.fspath(root.resolve() if self.key_parts > 1 else root.absolute())  # workers may be in another folder
        for entry in _entries(top, self.depth):
            if self.suffix:
                name = entry.name.removesuffix(self.suffix)
                if entry.name.endswith(self.suffix) and fits(name) and entry.is_file():
                    yield Sample(self._key(entry.path.removesuffix(self.suffix)), entry.path.removesuffix(self.suffix))
            elif entry.is_dir():
                if fits(entry.name):
                    yield Sample(self._key(entry.path), f"{entry.path}/{entry.name if self.files_named else ''}")
                elif self.strict:
                    raise EncodeError(f"{entry.path}: is not a patch of this part", hint=self.hint_for(entry.name))

    def hint_for(self, name: str) -> str:
        """What to do about a folder whose name is not that of a sample."""
        return next((hint for pattern, hint in self.mistaken if re.fullmatch(pattern, name, re.ASCII)), self.strict)

    def _key(self, path: str) -> str:
        return "_".join(path.rsplit("/", self.key_parts)[1:]) + self.key_suffix


def _entries(folder: str, depth: int | None) -> Iterator["os.DirEntry[str]"]:
    """Entries at a depth below a folder, or at any."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not depth:
                yield entry
            if depth != 0 and entry.is_dir() and not (entry.is_symlink() and _leads_back(entry.path)):
                yield from _entries(entry.path, None if depth is None else depth - 1)


def _leads_back(link: str) -> bool:
    """Whether a link leads to a folder in which it lies itself."""
    return f"{os.path.realpath(os.path.dirname(link))}/".startswith(f"{os.path.realpath(link)}/")  # noqa: PTH120
