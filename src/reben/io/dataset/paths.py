"""Where the parts of a data set in the published layout lie, and those of a data folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DatasetPaths:
    """Paths of a data set."""

    root: Path

    @property
    def s2(self) -> Path:
        """Sentinel-2 patches: `<tile>/<patch>/<patch>_<band>.tif`."""
        return self.root / "BigEarthNet-S2"

    @property
    def s1(self) -> Path:
        """Sentinel-1 patches: `<scene>/<patch>/<patch>_<band>.tif`."""
        return self.root / "BigEarthNet-S1"

    @property
    def reference_maps(self) -> Path:
        """Reference maps: `<tile>/<patch>/<patch>_reference_map.tif`."""
        return self.root / "Reference_Maps"

    @property
    def metadata(self) -> Path:
        """Patches without snow, clouds and cloud shadows."""
        return self.root / "metadata.parquet"

    @property
    def snow_and_cloud_metadata(self) -> Path:
        """The other patches."""
        return self.root / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"

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
