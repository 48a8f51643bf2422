"""Names of all folders and files of a data set in the published layout, and of a data folder."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.core.names import REFERENCE_MAP_SUFFIX, S1PatchName, tile_of

S2_FOLDER, S1_FOLDER, MAP_FOLDER = "BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps"

MAP_FILE_SUFFIX = f"{REFERENCE_MAP_SUFFIX}.tif"
"""What follows the patch id in the name of a reference map's file."""


def band_file_suffix(band: str) -> str:
    """Return what follows a patch's name in the name of the file of one of its bands.

    >>> band_file_suffix("B02")
    '_B02.tif'
    """
    return f"_{band}.tif"


def s1_patch_folder(root: Path, name: str) -> Path:
    """Return the folder of a Sentinel-1 patch below a folder with such patches.

    Raises:
        NameFormatError: if `name` is not the name of a Sentinel-1 patch.
    """
    return root / S1PatchName.parse(name).scene / name


@dataclass(frozen=True, slots=True)
class DatasetPaths:
    """Paths of a data set."""

    root: Path

    @property
    def s2(self) -> Path:
        """Sentinel-2 patches: `<tile>/<patch>/<patch>_<band>.tif`."""
        return self.root / S2_FOLDER

    @property
    def s1(self) -> Path:
        """Sentinel-1 patches: `<scene>/<patch>/<patch>_<band>.tif`."""
        return self.root / S1_FOLDER

    @property
    def reference_maps(self) -> Path:
        """Reference maps: `<tile>/<patch>/<patch>_reference_map.tif`."""
        return self.root / MAP_FOLDER

    @property
    def metadata(self) -> Path:
        """Patches without snow, clouds and cloud shadows."""
        return self.root / "metadata.parquet"

    @property
    def snow_and_cloud_metadata(self) -> Path:
        """The other patches."""
        return self.root / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"

    @property
    def quality(self) -> Path:
        """Shares of clouds, shadows, cirrus, snow and missing pixels of each patch, where products tell them."""
        return self.root / "quality.parquet"

    @property
    def store(self) -> Path:
        """All patches and reference maps as a store, instead of GeoTIFFs."""
        return self.root / "store"

    @property
    def tables(self) -> tuple[Path, ...]:
        """The metadata tables that exist."""
        return tuple(path for path in (self.metadata, self.snow_and_cloud_metadata) if path.exists())

    @property
    def statistics(self) -> Path:
        """Means and standard deviations of the training patches, if they are to be used instead of the published."""
        return self.root / "statistics.json"

    @property
    def legend(self) -> Path:
        """The legend, if it is not that of reBEN."""
        return self.root / "legend.toml"

    @property
    def style(self) -> Path:
        """Colours and names of the codes in reference maps, for QGIS."""
        return self.root / "reference_maps.qml"

    @property
    def report(self) -> Path:
        """What the build did, for programs."""
        return self.root / "build-report.json"

    @property
    def summary(self) -> Path:
        """What the build did, for people."""
        return self.root / "build-report.md"

    def s2_file(self, patch_id: str, band: str) -> str:
        """Return the file of a band of a Sentinel-2 patch; as text, since making a `Path` costs as much as writing."""
        return f"{self.s2}/{tile_of(patch_id)}/{patch_id}/{patch_id}{band_file_suffix(band)}"

    def s1_file(self, name: str, band: str) -> str:
        """Return the file of a band of a Sentinel-1 patch.

        Raises:
            NameFormatError: if `name` is not the name of a Sentinel-1 patch.
        """
        return f"{s1_patch_folder(self.s1, name)}/{name}{band_file_suffix(band)}"

    def map_file(self, patch_id: str) -> str:
        """Return the file of the reference map of a patch."""
        return f"{self.reference_maps}/{tile_of(patch_id)}/{patch_id}/{patch_id}{MAP_FILE_SUFFIX}"

    def strays(self, patch_ids: Collection[str], s1_names: Collection[str | None]) -> Iterator[Path]:
        """Yield files and folders that belong to none of these patches, those of a folder sorted by name.

        Args:
            patch_ids: of the Sentinel-2 patches.
            s1_names: of the Sentinel-1 patches.
        """
        s2_files, s1_files = (frozenset(map(band_file_suffix, bands)) for bands in (S2_BANDS, S1_BANDS))
        for root, known, suffixes in (
            (self.s2, patch_ids, s2_files),
            (self.reference_maps, patch_ids, frozenset({MAP_FILE_SUFFIX})),
            (self.s1, s1_names, s1_files),
        ):
            for group in sorted(root.iterdir()) if root.is_dir() else ():
                if not group.is_dir():
                    yield group
                    continue
                for patch in sorted(group.iterdir()):
                    if patch.name not in known or not patch.is_dir():
                        yield patch
                        continue
                    for file in sorted(patch.iterdir()):
                        if not file.name.startswith(patch.name) or file.name[len(patch.name) :] not in suffixes:
                            yield file
