"""Whether files have the published form: the bytes that their pixels would have been published as."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from reben.core.errors import RebenError
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.io.dataset.published_files import PublishedFiles
from reben.io.store import REFERENCE_MAP_TENSOR
from reben.io.tiff.geotiff import read_band
from reben.release.data import TilePlaces
from reben.release.files import FolderFiles
from reben.release.parts import PatchPart
from reben.verify.findings import Check, Finding
from reben.work.ahead import mapped_ahead
from reben.work.context import Context

_AHEAD_PER_THREAD = 4

Tensors = dict[str, NDArray[Any]]


def check_form(files: FolderFiles, part: PatchPart, places: TilePlaces, context: Context, *, threads: int) -> Check:
    """Make each file again from its pixels, and compare.

    Args:
        files: of the data set.
        part: which.
        places: of its tiles.
        context: progress.
        threads: that read and make files.
    """
    found = files.places(part)
    check = Check(f"{part.folder}: files have the published form, byte for byte", len(found))
    make = PublishedFiles(_Pixels(files, part), places.extents, patch_size_m=places.patch_size_m)
    differing = partial(_differing, make, files, part)
    with (
        context.progress(f"comparing {part.title}") as start,
        mapped_ahead(differing, found, threads=threads, depth=_AHEAD_PER_THREAD * threads) as results,
    ):
        advance = start(len(found))
        for result in results:
            advance(1)
            check.add(result)
    return check


def _differing(make: PublishedFiles, files: FolderFiles, part: PatchPart, place: str) -> list[Finding]:
    """The files of a patch that differ."""
    suffix = REFERENCE_MAP_SUFFIX if part.name == "maps" else ""
    try:
        expected = dict(make.of(place.rpartition("/")[2] + suffix))
        return [
            Finding(path, "has other bytes than a published file with its pixels: it was rewritten, or lies elsewhere")
            for path, content in files.of(part, place)
            if expected.get(path) != content
        ]
    except RebenError as error:
        return [Finding(f"{part.folder}/{place}", str(error))]


@dataclass(frozen=True)
class _Pixels(Mapping[str, Tensors]):
    """The pixels of files as a store would have them, by the keys of a store."""

    files: FolderFiles
    part: PatchPart

    def __getitem__(self, key: str) -> Tensors:
        patch = key.removesuffix(REFERENCE_MAP_SUFFIX)
        folder = self.files.folder(self.part, patch)
        if self.part.name == "maps":
            return {REFERENCE_MAP_TENSOR: read_band(folder / f"{key}.tif")}
        return {
            suffix.removeprefix("_").removesuffix(".tif"): read_band(folder / f"{patch}{suffix}")
            for suffix in sorted(self.part.suffixes)
        }

    def __iter__(self) -> Iterator[str]:
        return (place.rpartition("/")[2] for place in self.files.places(self.part))

    def __len__(self) -> int:
        return len(self.files.places(self.part))
