"""The files of patches for an archive, from folders in the published layout or made of the values of a store."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reben.core.bands import PATCH_SIZE_M
from reben.core.errors import ReleaseError
from reben.core.grid import TileExtent
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.io.dataset.published_files import PublishedFiles
from reben.io.store import Store
from reben.io.tiff.geotiff import pixels_of
from reben.io.tiff.plain import LARGEST_RASTER
from reben.release.parts import PATCH_PARTS, PartName, PatchPart, in_archive_order, place_of

PatchFile = tuple[str, bytes]
"""Path in the archive, and content."""


class PatchFiles(Protocol):
    """Gives patches and their files; several threads may ask at the same time."""

    def places(self, part: PatchPart) -> list[str]:
        """Where the patches of a part lie below its folder, in the order of the archive."""
        ...

    def of(self, part: PatchPart, place: str) -> list[PatchFile]:
        """The files of a patch, sorted by path.

        Raises:
            ReleaseError: if one is missing, or there is something else among them.
            RebenError: if they cannot be read or made.
        """
        ...


@dataclass(frozen=True)
class FolderFiles:
    """Files as they lie in the folders of a data set in the published layout."""

    root: Path

    def places(self, part: PatchPart) -> list[str]:
        """See `PatchFiles`; whatever lies where patches should is listed, too.

        Raises:
            ReleaseError: if a folder cannot be read.
        """
        top = self.root / part.folder
        try:
            return in_archive_order(self._below(top)) if top.is_dir() else []
        except OSError as error:
            raise ReleaseError(f"{top}: cannot be read ({error.strerror})", hint="check the folder") from error

    def of(self, part: PatchPart, place: str) -> list[PatchFile]:
        """See `PatchFiles`."""
        folder = self.root / part.folder / place
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - a Path for each of 8 million files takes minutes
            _expect_files(part, place, names)
            return [(f"{part.folder}/{place}/{name}", _content(folder / name)) for name in names]
        except OSError as error:
            raise ReleaseError(
                f"{error.filename or folder}: cannot be read ({error.strerror})", hint="check the file"
            ) from error

    def folder(self, part: PatchPart, name: str) -> Path:
        """Where the files of a patch should lie.

        Raises:
            NameFormatError: if it is in the part of Sentinel-1, and its name has not the form.
        """
        return self.root / part.folder / place_of(part, name)

    @staticmethod
    def _below(top: Path) -> Iterator[str]:
        for group in os.scandir(top):
            if not group.is_dir():
                yield group.name
                continue
            for patch in os.scandir(group):
                yield f"{group.name}/{patch.name}"


@dataclass(frozen=True)
class IntactFiles:
    """Files of which each is a whole image: nothing that was cut off, or is something else, is handed on."""

    files: PatchFiles

    def places(self, part: PatchPart) -> list[str]:
        """See `PatchFiles`."""
        return self.files.places(part)

    def of(self, part: PatchPart, place: str) -> list[PatchFile]:
        """See `PatchFiles`.

        Raises:
            RasterError: if a file is truncated, damaged or not an image of one band.
            RebenError: as the files themselves.
        """
        found = self.files.of(part, place)
        for path, content in found:
            pixels_of(content, path)
        return found


@dataclass(frozen=True)
class StoreFiles:
    """Files made of the values of a store, byte for byte as they are published."""

    store: Store
    extents: Mapping[str, TileExtent]
    patch_size_m: int = PATCH_SIZE_M
    _files: PublishedFiles = field(init=False)
    _places: dict[PartName, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the keys of the store by part."""
        object.__setattr__(self, "_files", PublishedFiles(self.store, self.extents, patch_size_m=self.patch_size_m))
        places = defaultdict(list)
        for key in self.store:
            part = PATCH_PARTS["maps" if key.endswith(REFERENCE_MAP_SUFFIX) else "s1" if key.startswith("S1") else "s2"]
            places[part.name].append(place_of(part, key.removesuffix(REFERENCE_MAP_SUFFIX)))
        object.__setattr__(self, "_places", {name: in_archive_order(found) for name, found in places.items()})

    def places(self, part: PatchPart) -> list[str]:
        """See `PatchFiles`."""
        return self._places.get(part.name, [])

    def of(self, part: PatchPart, place: str) -> list[PatchFile]:
        """See `PatchFiles`."""
        key = place.rpartition("/")[2] + (REFERENCE_MAP_SUFFIX if part.name == "maps" else "")
        files = sorted(self._files.of(key))
        _expect_files(part, place, [path.rpartition("/")[2] for path, _ in files])
        return files


def _expect_files(part: PatchPart, place: str, names: list[str]) -> None:
    """Check the names of the files of a patch.

    Raises:
        ReleaseError: if one is missing, or there is something else among them.
    """
    patch = place.rpartition("/")[2]
    expected = {patch + suffix for suffix in part.suffixes}
    if set(names) == expected:
        return
    found = [f"lacks {name}" for name in sorted(expected - set(names))]
    found += [f"has {name}, which is not a file of its" for name in sorted(set(names) - expected)]
    raise ReleaseError(
        f"{part.folder}/{place}: {'; '.join(found)}",
        hint=f"the {part.title} of a release have {len(expected)} file{'s' * (len(expected) > 1)} each",
    )


def _content(path: Path) -> bytes:
    """Content of a file.

    Raises:
        ReleaseError: if it is far larger than a patch can be, or is not a file.
        OSError: if it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        nbytes = os.fstat(file.fileno()).st_size
        if nbytes > LARGEST_RASTER:
            raise ReleaseError(f"{path}: has {nbytes:,} bytes, which is too large for a patch", hint="check the file")
        content = file.read(nbytes + 1)
    if len(content) != nbytes:
        raise ReleaseError(f"{path}: was changed while it was read", hint="give the same command again")
    return content
