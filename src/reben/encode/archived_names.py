"""Which sample of a part a member of an archive belongs to, told from its path alone."""

import re
from dataclasses import dataclass

from reben.core.errors import EncodeError
from reben.encode.specification import Part

_MOST_KNOWN = 4_096


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """A sample as the paths of an archive name it."""

    key: str
    order: str
    """Its key without the layout's suffix: archives are sorted by this."""
    stem: str
    """Path of its files in the archive, without their suffixes."""


class MemberNames:
    """Tells the samples of a part by the paths of an archive's members.

    Where the part begins in the archive is learnt from the first sample: below one folder, or at the top.

    Args:
        part: what is looked for.
        archive: name, for messages.
    """

    def __init__(self, part: Part, archive: str) -> None:
        self._part, self._archive = part, archive
        self._layout = part.layout
        self._fits = re.compile(part.layout.pattern, re.ASCII).fullmatch
        self._suffixes = frozenset(file.suffix for file in part.files)
        self._root: list[str] | None = None
        self._known: dict[str, SamplePlace | None] = {}

    def place(self, path: str, *, is_folder: bool) -> tuple[SamplePlace, str] | None:
        """The sample of a member and the suffix of its file, which is empty if the sample has no such file.

        Raises:
            EncodeError: if samples lie in two places, or a folder has not the name of a sample in a strict layout.
        """
        if self._layout.suffix:
            if is_folder or not path.endswith(self._layout.suffix):
                return None
            stem = path.removesuffix(self._layout.suffix)
            place = self._place(stem, stem)
            return None if place is None else (place, self._layout.suffix)
        folder, _, name = (path, "", "") if is_folder else path.rpartition("/")
        if folder in self._known:
            place = self._known[folder]
        else:
            own = folder.rpartition("/")[2]
            place = self._place(folder, f"{folder}/{own if self._layout.files_named else ''}")
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[folder] = place
        if place is None:
            return None
        suffix = name.removeprefix(place.stem[len(folder) + 1 :])
        return place, suffix if suffix in self._suffixes and place.stem + suffix == path else ""

    def _place(self, path: str, stem: str) -> SamplePlace | None:
        steps = path.split("/")
        depth = self._layout.depth
        if any(step.startswith(".") for step in steps) or len(steps) < max(self._layout.key_parts, (depth or 0) + 1):
            return None
        root = [] if depth is None else steps[: len(steps) - depth - 1]
        if not self._fits(steps[-1]):
            self._expect_no_other_sample(path, steps[-1], root)
            return None
        if self._root is None:
            self._root = root
        elif root != self._root:
            raise EncodeError(
                f"{self._archive}: {self._part.name} lie in two folders, {'/'.join(self._root) or 'the top'} and "
                f"{'/'.join(root) or 'the top'}",
                hint="make an archive of each",
            )
        order = "_".join(steps[-self._layout.key_parts :])
        if not order.isprintable():  # bytes that are not UTF-8, for one: no store takes them
            raise EncodeError(f"{self._archive}: {path}: has a name that cannot be a key", hint="rename it")
        return SamplePlace(order + self._layout.key_suffix, order, stem)

    def _expect_no_other_sample(self, path: str, name: str, root: list[str]) -> None:
        """Check a folder that has not the name of a sample.

        Raises:
            EncodeError: if it lies where samples do, and the layout is strict, or has the name of another part's.
        """
        if self._layout.strict:
            mistaken = any(re.fullmatch(pattern, name, re.ASCII) for pattern, _ in self._layout.mistaken)
            if mistaken or root == self._root:
                raise EncodeError(
                    f"{self._archive}: {path}: is not a patch of this part", hint=self._layout.hint_for(name)
                )
