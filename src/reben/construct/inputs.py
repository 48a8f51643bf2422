"""What a user gives to a build: paths and numbers, checked and loaded before the first tile is touched."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reben.construct.land_cover.finding import find_land_cover, land_cover_files
from reben.construct.options import BuildOptions
from reben.construct.tile import TileSettings
from reben.construct.v1_lists import read_names, read_s1_pairs
from reben.core.bands import BANDS
from reben.core.errors import BuildError
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat, read_legend
from reben.io.stac.items import file_of
from reben.io.v1_geometries import read_v1_geometries
from reben.rules.country import REBEN_COUNTRIES, Countries, embedded_countries, read_countries
from reben.rules.split import frames
from reben.tile.sentinel1.grd_scenes import find_s1_scenes, s1_files
from reben.tile.sentinel1.partners import S1Source
from reben.tile.sentinel1.patch_folder import S1PatchFolder

_LATER_OPTIONS = (
    "cloud_share",
    "snow_share",
    "max_cloud",
    "split_by",
    "block_km",
    "split_seed",
    "s1_dem",
    "s1_orbits",
    "s1_sea_level",
)
"""Left out of the parameters where they have their defaults, so that builds from before they existed can be resumed."""
_NAMED_COUNTRIES = ("", "all", "reben")


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """Everything that decides what a build makes, and how it works."""

    l2a: tuple[Path, ...]
    """Folders with L2A products, or files of STAC items."""
    options: BuildOptions

    def resolved(self) -> "BuildInputs":
        """The same with absolute paths, for workers that may have another current folder."""
        options = self.options
        paths = {name: _resolve(getattr(options, name)) for name in type(options).model_fields}
        if options.countries not in _NAMED_COUNTRIES:
            paths["countries"] = str(Path(options.countries).resolve())
        return BuildInputs(_resolve(self.l2a), options.model_copy(update=paths))

    def parameters(self) -> dict[str, Any]:
        """For the report, and to tell whether a build may be resumed: a file counts as another when it has changed."""
        options = self.options
        values = {
            "l2a": self.l2a,
            "clc": options.clc,
            "legend": options.legend,
            "s1_dir": options.s1_dir,
            "s1_pairs": options.s1_pairs,
            "s1_scenes": options.s1_scenes,
            "s1_unit": options.s1_unit,
            "keep_unpaired": options.keeps_unpaired,
            "v1_geometries": options.v1_geometries,
            "snow": options.snow,
            "cloud": options.cloud,
            "countries": options.countries,
            "patch_size_m": options.patch_size,
            "min_labelled": options.min_labelled,
            "p": options.p,
            "q": options.q,
            "keep_raw": options.keep_raw,
        }
        for name in _LATER_OPTIONS:
            if getattr(options, name) != BuildOptions.model_fields[name].default:
                values[name] = getattr(options, name)
        return {name: _plain(value) for name, value in values.items()} | {
            "input files": {str(path): _fingerprint(path) for path in self.files()},
            "Sentinel-1 scenes": {str(path): _fingerprint(path) for path in self._scene_files()},
        }

    def _scene_files(self) -> list[Path]:
        options = self.options
        scenes = [] if options.s1_scenes is None else s1_files(options.s1_scenes)
        beside = [place for place in (options.s1_dem, options.s1_orbits) if place is not None]
        return [
            *scenes,
            *(file for place in beside for file in ([place] if place.is_file() else sorted(place.glob("*")))),
        ]

    def files(self) -> list[Path]:
        """All single files that are read, besides products and Sentinel-1 rasters."""
        options = self.options
        countries = [] if options.countries in _NAMED_COUNTRIES else [Path(options.countries)]
        v1 = [] if options.v1_geometries is None else sorted(options.v1_geometries.glob("*.parquet"))
        land_cover = land_cover_files(options.clc)
        items = [file for path in self.l2a if (file := file_of(path)) is not None]
        single = [
            *dict.fromkeys(items),
            *land_cover,
            options.legend,
            options.s1_pairs,
            *options.snow,
            *options.cloud,
            *countries,
            *v1,
        ]
        return [path for path in single if path is not None]

    def load(self) -> TileSettings:
        """Read all files but the products.

        Raises:
            RebenError: if a file is missing or wrong, or options do not fit together.
        """
        options = self.options
        if (options.snow or options.cloud) and options.v1_geometries is None:
            raise BuildError("--snow-list and --cloud-list name v1 patches", hint="give --v1-geometries, too")
        frames(1, p=options.p, q=options.q)
        for band in BANDS.values():
            band.side_px(options.patch_size)
        return TileSettings(
            find_land_cover(options.clc, self.land_cover_format()),
            self._load_countries(),
            None if options.v1_geometries is None else tuple(read_v1_geometries(options.v1_geometries)),
            snow=read_names(options.snow),
            cloud=read_names(options.cloud),
            sentinel1=_load_sentinel1(options),
            keep_unpaired=options.keeps_unpaired,
            patch_size_m=options.patch_size,
            min_labelled=options.min_labelled,
            split=options.split_rule,
            keep_raw=options.keep_raw,
            cloud_share=options.cloud_share,
            snow_share=options.snow_share,
            max_cloud=options.max_cloud,
        )

    def land_cover_format(self) -> LandCoverFormat:
        """Legend and form of the polygons.

        Raises:
            LegendError: if the legend cannot be used.
        """
        return CLC2018_FORMAT if self.options.legend is None else read_legend(self.options.legend)

    def _load_countries(self) -> Countries:
        chosen = self.options.countries or ("all" if self.options.v1_geometries is None else "reben")
        if chosen == "all":
            return embedded_countries()
        if chosen == "reben":
            return embedded_countries().only(REBEN_COUNTRIES)
        return read_countries(Path(chosen))


def _load_sentinel1(options: BuildOptions) -> S1Source | None:
    """Where Sentinel-1 patches come from.

    Raises:
        BuildError: if options do not fit together, or there is no scene.
    """
    if (options.s1_dir is None) != (options.s1_pairs is None):
        raise BuildError("--s1-dir and --s1-pairs belong together", hint="give both, or neither for Sentinel-2 only")
    if options.s1_scenes is not None:
        if options.s1_dir is not None:
            raise BuildError("--s1-dir and --s1-scenes exclude each other", hint="give one of them")
        return find_s1_scenes(
            options.s1_scenes,
            options.s1_unit,
            dem=options.s1_dem,
            orbits=options.s1_orbits,
            sea_level=options.s1_sea_level,
        )
    for name in ("s1_unit", "s1_dem", "s1_orbits", "s1_sea_level"):
        if getattr(options, name):
            flag = f"--{name.replace('_', '-')}"
            raise BuildError(f"{flag} is of --s1-scenes", hint=f"give --s1-scenes, or leave {flag} out")
    if options.s1_dir is None or options.s1_pairs is None:
        if options.keeps_unpaired:
            raise BuildError("--unpaired keep needs Sentinel-1", hint="give --s1-scenes, or leave it out")
        return None
    if options.v1_geometries is None:
        raise BuildError("--s1-pairs names v1 patches", hint="give --v1-geometries, too")
    if not options.s1_dir.is_dir():
        raise BuildError(f"{options.s1_dir}: is not a directory", hint="give the folder BigEarthNet-S1")
    return S1PatchFolder(options.s1_dir, read_s1_pairs(options.s1_pairs))


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
