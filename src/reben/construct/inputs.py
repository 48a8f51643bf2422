"""What a user gives to a build: paths and numbers, checked and loaded before the first tile is touched."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reben.construct.reference_maps import find_layer
from reben.construct.tile import TileSettings
from reben.construct.v1_lists import read_names, read_s1_pairs
from reben.core.backscatter import Unit
from reben.core.bands import BANDS, PATCH_SIZE_M
from reben.core.errors import BuildError
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat, read_legend
from reben.io.v1_geometries import read_v1_geometries
from reben.rules.country import REBEN_COUNTRIES, Countries, embedded_countries, read_countries
from reben.rules.labels import MIN_LABELLED
from reben.rules.split import frames
from reben.tile.sentinel1.partners import S1Source
from reben.tile.sentinel1.patch_folder import S1PatchFolder
from reben.tile.sentinel1.scenes import find_scenes, raster_files

_NAMED_COUNTRIES = ("", "all", "reben")


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """Everything that decides what a build makes."""

    l2a: tuple[Path, ...]
    """Folders with L2A products."""
    clc: Path
    """CORINE Land Cover 2018, or the polygons that `legend` describes."""
    legend: Path | None = None
    """Legend of the polygons; None is that of CORINE Land Cover 2018 with the 19 classes of reBEN."""
    s1_dir: Path | None = None
    """Sentinel-1 patches in the published layout."""
    s1_pairs: Path | None = None
    """CSV without header: s2v1_name,s1_name."""
    s1_scenes: Path | None = None
    """Folder with geocoded Sentinel-1 scenes."""
    s1_unit: Unit | None = None
    """Unit of the scenes, if the user tells it; else their tags and names do, and dB is assumed."""
    keep_unpaired: bool = False
    """Keep patches without a Sentinel-1 partner."""
    v1_geometries: Path | None = None
    """Directory with the v1 footprints."""
    snow: tuple[Path, ...] = ()
    """Lists of v1 names with seasonal snow."""
    cloud: tuple[Path, ...] = ()
    """Lists of v1 names with clouds or cloud shadows."""
    countries: str = ""
    """`reben`, `all`, or a vector file; empty means reben with v1 footprints, else all."""
    patch_size_m: int = PATCH_SIZE_M
    min_labelled: float = MIN_LABELLED
    p: float = 0.25
    q: float = 0.25
    keep_raw: bool = False
    """Keep digital numbers, without adding the processing offset."""

    def resolved(self) -> "BuildInputs":
        """The same with absolute paths, for workers that may have another current folder."""
        countries = self.countries if self.countries in _NAMED_COUNTRIES else str(Path(self.countries).resolve())
        paths = {name: _resolve(getattr(self, name)) for name in self.__slots__}
        return replace(self, **paths | {"countries": countries})

    def parameters(self) -> dict[str, Any]:
        """For the report, and to tell whether a build may be resumed: a file counts as another when it has changed."""
        return {name: _plain(value) for name, value in asdict(self).items()} | {
            "input files": {str(path): _fingerprint(path) for path in self.files()},
            "Sentinel-1 scenes": {str(path): _fingerprint(path) for path in self._scene_files()},
        }

    def _scene_files(self) -> list[Path]:
        return [] if self.s1_scenes is None else raster_files(self.s1_scenes)

    def files(self) -> list[Path]:
        """All single files that are read, besides products and Sentinel-1 rasters."""
        countries = [] if self.countries in _NAMED_COUNTRIES else [Path(self.countries)]
        v1 = [] if self.v1_geometries is None else sorted(self.v1_geometries.glob("*.parquet"))
        single = [self.clc, self.legend, self.s1_pairs, *self.snow, *self.cloud, *countries, *v1]
        return [path for path in single if path is not None]

    def load(self) -> TileSettings:
        """Read all files but the products.

        Raises:
            RebenError: if a file is missing or wrong, or options do not fit together.
        """
        if (self.snow or self.cloud) and self.v1_geometries is None:
            raise BuildError("--snow and --cloud list v1 patches", hint="give --v1-geometries, too")
        frames(1, p=self.p, q=self.q)
        for band in BANDS.values():
            band.side_px(self.patch_size_m)
        return TileSettings(
            find_layer(self.clc, self.land_cover_format()),
            self._load_countries(),
            None if self.v1_geometries is None else tuple(read_v1_geometries(self.v1_geometries)),
            snow=read_names(self.snow),
            cloud=read_names(self.cloud),
            sentinel1=self._load_sentinel1(),
            keep_unpaired=self.keep_unpaired,
            patch_size_m=self.patch_size_m,
            min_labelled=self.min_labelled,
            p=self.p,
            q=self.q,
            keep_raw=self.keep_raw,
        )

    def land_cover_format(self) -> LandCoverFormat:
        """Legend and form of the polygons.

        Raises:
            LegendError: if the legend cannot be used.
        """
        return CLC2018_FORMAT if self.legend is None else read_legend(self.legend)

    def _load_sentinel1(self) -> S1Source | None:
        """Where Sentinel-1 patches come from.

        Raises:
            BuildError: if options do not fit together, or there is no scene.
        """
        if (self.s1_dir is None) != (self.s1_pairs is None):
            raise BuildError(
                "--s1-dir and --s1-pairs belong together", hint="give both, or neither for Sentinel-2 only"
            )
        if self.s1_scenes is not None:
            if self.s1_dir is not None:
                raise BuildError("--s1-dir and --s1-scenes exclude each other", hint="give one of them")
            return find_scenes(self.s1_scenes, self.s1_unit)
        if self.s1_unit is not None:
            raise BuildError("--s1-unit is of --s1-scenes", hint="give --s1-scenes, or leave --s1-unit out")
        if self.s1_dir is None or self.s1_pairs is None:
            if self.keep_unpaired:
                raise BuildError("--unpaired keep needs Sentinel-1", hint="give --s1-scenes, or leave it out")
            return None
        if self.v1_geometries is None:
            raise BuildError("--s1-pairs names v1 patches", hint="give --v1-geometries, too")
        if not self.s1_dir.is_dir():
            raise BuildError(f"{self.s1_dir}: is no directory", hint="give the folder BigEarthNet-S1")
        return S1PatchFolder(self.s1_dir, read_s1_pairs(self.s1_pairs))

    def _load_countries(self) -> Countries:
        chosen = self.countries or ("all" if self.v1_geometries is None else "reben")
        if chosen == "all":
            return embedded_countries()
        if chosen == "reben":
            return embedded_countries().only(REBEN_COUNTRIES)
        return read_countries(Path(chosen))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Path):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _resolve(value: Any) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, Path):
        return value.resolve()
    return tuple(_resolve(item) for item in value) if isinstance(value, tuple) else value


def _fingerprint(path: Path) -> list[int]:
    """Size, and time of the last change in nanoseconds."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]
