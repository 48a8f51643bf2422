"""The data folder that is got: what is there already, and how more of it takes its place."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reben.core.errors import MetadataError, TargetExistsError
from reben.get.report import REPORT_FILE, GetReport, read_report
from reben.get.wanted import WantedKeys
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import is_store, open_store
from reben.work import atomic

_WORK = ".get"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class GetFolder:
    """A data folder, with a hidden folder for what is not finished."""

    root: Path

    @property
    def data(self) -> DatasetPaths:
        """Store and tables."""
        return DatasetPaths(self.root)

    @property
    def report(self) -> Path:
        """What was got, and from where."""
        return self.root / REPORT_FILE

    def part(self, missing: WantedKeys) -> Path:
        """A store of the values that are to be added; each choice has its own, should one be given up for another."""
        return self._of("part", missing)

    def maps(self, missing: WantedKeys) -> Path:
        """A store of the reference maps among them, if they come from elsewhere than the patches."""
        return self._of("maps", missing)

    def grown(self, wanted: WantedKeys) -> Path:
        """The store with what was added, before it takes the place of the old one."""
        return self._of("store", wanted)

    def _of(self, name: str, keys: WantedKeys) -> Path:
        return self.root / _WORK / f"{name}-{keys.sha256[:16]}"

    @property
    def _next(self) -> Path:
        return self.root / _WORK / "next"

    @property
    def _replaced(self) -> Path:
        return self.root / _WORK / "replaced"

    def begin(self) -> None:
        """Mark the folder as ours."""
        (self.root / _WORK).mkdir(parents=True, exist_ok=True)

    def recover(self) -> None:
        """End a change of stores during which the process was killed."""
        if self._replaced.exists() and not self.data.store.exists():
            (self._next if self._next.exists() else self._replaced).rename(self.data.store)

    def become(self, grown: Path) -> None:
        """Put the grown store in the place of the old one."""
        for path in (self._replaced, self._next):
            shutil.rmtree(path, ignore_errors=True)
        grown.rename(self._next)
        self.data.store.rename(self._replaced)
        self._next.rename(self.data.store)

    def remove_work(self) -> None:
        """Remove what was needed on the way, and what killed processes have left."""
        atomic.remove_attempts(self.data.store)
        atomic.remove_remains(self.root)
        shutil.rmtree(self.root / _WORK, ignore_errors=True)

    def expect_room_for(self, what: GetReport | None) -> None:
        """Check that the folder is empty, or was got before.

        Raises:
            TargetExistsError: if it holds something else.
        """
        if self.root.is_symlink() and not self.root.exists():
            raise TargetExistsError(f"{self.root} is a link to what does not exist", hint="give a new folder")
        if what is not None or not self.root.exists():
            return
        if not self.root.is_dir():
            raise TargetExistsError(f"{self.root} is not a folder", hint="give a new folder")
        if (self.root / _WORK).is_dir():
            return  # begun, and not finished
        others = [path.name for path in sorted(self.root.iterdir()) if not path.name.startswith(_WORK)]
        if others:
            raise TargetExistsError(
                f"{self.root} holds {others[0]}, and no {REPORT_FILE}: it was not made by `reben get`",
                hint="give a new folder",
            )

    def keys(self) -> frozenset[str]:
        """Keys of the values that are there."""
        return frozenset(open_store(self.data.store)) if is_store(self.data.store) else frozenset()


def expect_wider(folder: GetFolder, before: GetReport | None, wanted: WantedKeys, options: Mapping[str, Any]) -> None:
    """Check that nothing that is there would have to go.

    Args:
        folder: with a store or without.
        before: what was got before.
        wanted: what is wanted now.
        options: that chose it.

    Raises:
        MetadataError: if the folder holds what is not wanted; says how the options differ.
    """
    surplus = sorted(folder.keys() - wanted.keys)
    if not surplus:
        return
    names = ", ".join(surplus[:_SHOWN]) + (", ..." if len(surplus) > _SHOWN else "")
    raise MetadataError(
        f"{folder.root} holds {len(surplus):,} values that are not asked for ({names}){_differences(before, options)}",
        hint="ask for at least what is there, or give another folder",
    )


def _differences(before: GetReport | None, options: Mapping[str, Any]) -> str:
    """How the options differ from those of the last command."""
    if before is None or not before.runs:
        return ""
    old = before.runs[-1].options
    changed = [
        f"--{name.replace('_', '-')} was {_shown(old.get(name))}, is {_shown(options.get(name))}"
        for name in sorted(set(old) | set(options))
        if old.get(name) != options.get(name)
    ]
    return f"; {'; '.join(changed)}" if changed else ""


def _shown(value: Any) -> str:  # noqa: ANN401 - any option
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "not given"
    return "not given" if value in {None, "", False} else str(value)


def report_of(folder: GetFolder) -> GetReport | None:
    """What was got before; None if nothing was.

    Raises:
        MetadataError: if the report cannot be read.
        TargetExistsError: if the folder holds something else.
    """
    report = read_report(folder.root)
    folder.expect_room_for(report)
    return report
