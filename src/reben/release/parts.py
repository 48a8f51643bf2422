"""The parts of a release, and which patches and files each of them should have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.core.names import S1PatchName, tile_of
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import MAP_FILE_SUFFIX, MAP_FOLDER, S1_FOLDER, S2_FOLDER, DatasetPaths, band_file_suffix

PartName = Literal["s2", "s1", "maps", "metadata", "store"]
PARTS: tuple[PartName, ...] = get_args(PartName)

STORE_ARCHIVE = "store.tar"


@dataclass(frozen=True, slots=True)
class PatchPart:
    """A part with files of patches: one tar archive."""

    name: PartName
    title: str
    """For messages, in the plural."""
    folder: str
    """At the top of the archive, and in the published layout."""
    suffixes: frozenset[str]
    """What follows the name of a patch in the names of its files."""

    @property
    def archive(self) -> str:
        """Name of the tar archive."""
        return f"{self.folder}.tar"


PATCH_PARTS: Mapping[PartName, PatchPart] = {
    part.name: part
    for part in (
        PatchPart("s2", "Sentinel-2 patches", S2_FOLDER, frozenset(map(band_file_suffix, S2_BANDS))),
        PatchPart("s1", "Sentinel-1 patches", S1_FOLDER, frozenset(map(band_file_suffix, S1_BANDS))),
        PatchPart("maps", "reference maps", MAP_FOLDER, frozenset({MAP_FILE_SUFFIX})),
    )
}
"""By name, in the order in which they are released."""


def place_of(part: PatchPart, name: str) -> str:
    """Where a patch lies below the folder of its part: tile or scene, and name.

    Raises:
        NameFormatError: if it is in the part of Sentinel-1, and its name has not the form.

    >>> place_of(PATCH_PARTS["s1"], "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_4")
    'S1A_IW_GRDH_1SDV_20170613T165043/S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_4'
    """
    group = S1PatchName.parse(name).scene if part.name == "s1" else tile_of(name)
    return f"{group}/{name}"


def in_archive_order(places: Iterable[str]) -> list[str]:
    """Places as `sort` would have the paths of their files.

    >>> in_archive_order(["s/s_70_48", "s/s_70_4"])
    ['s/s_70_4', 's/s_70_48']
    """
    return sorted(places, key=lambda place: f"{place}/".encode(errors="surrogateescape"))


@dataclass(frozen=True)
class Expected:
    """What metadata tables say that there is."""

    tables: tuple[Path, ...]
    rows: pa.Table
    """Columns `patch_id` and `s1_name`."""

    def places(self, part: PatchPart) -> frozenset[str]:
        """Where the patches of a part lie.

        Raises:
            NameFormatError: if a Sentinel-1 name has not the form.
        """
        names = self.rows["s1_name" if part.name == "s1" else "patch_id"].drop_null().to_pylist()
        return frozenset(place_of(part, name) for name in names)


def read_expected(root: Path, legend: Legend) -> Expected:
    """The patches that the metadata tables in a folder name.

    Raises:
        MetadataError: if there is no table, or one cannot be used.
    """
    tables = DatasetPaths(root).tables
    if not tables:
        raise MetadataError(
            f"{root}: has no metadata table",
            hint=f"expected {DatasetPaths(root).metadata.name} in it: it says which patches there should be",
        )
    return Expected(tables, read_metadata(list(tables), legend=legend).select(["patch_id", "s1_name"]))
