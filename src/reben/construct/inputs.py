"""What a user gives to a build: paths and numbers, checked and loaded before the first tile is touched."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reben.construct.country import REBEN_COUNTRIES, Countries, embedded_countries, read_countries
from reben.construct.labels import MIN_LABELLED
from reben.construct.reference_maps import find_layer
from reben.construct.split import frames
from reben.construct.tile import TileSettings
from reben.construct.v1_lists import read_names, read_s1_pairs
from reben.core.bands import BANDS, PATCH_SIZE_M
from reben.core.errors import BuildError
from reben.io.v1_geometries import read_v1_geometries


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """Everything that decides what a build makes."""

    l2a: tuple[Path, ...]
    """Folders with L2A products."""
    clc: Path
    """CORINE Land Cover 2018."""
    s1_dir: Path | None = None
    """Sentinel-1 patches in the published layout."""
    s1_pairs: Path | None = None
    """CSV without header: s2v1_name,s1_name."""
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

    def parameters(self) -> dict[str, Any]:
        """For the report, and to tell whether a build may be resumed: paths are absolute."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def load(self) -> TileSettings:
        """Read all files but the products.

        Raises:
            RebenError: if a file is missing or wrong, or options do not fit together.
        """
        if (self.s1_dir is None) != (self.s1_pairs is None):
            raise BuildError(
                "--s1-dir and --s1-pairs belong together", hint="give both, or neither for Sentinel-2 only"
            )
        if self.s1_dir is not None and self.v1_geometries is None:
            raise BuildError("--s1-pairs names v1 patches", hint="give --v1-geometries, too")
        frames(1, p=self.p, q=self.q)
        for band in BANDS.values():
            band.side_px(self.patch_size_m)
        return TileSettings(
            find_layer(self.clc),
            self._load_countries(),
            None if self.v1_geometries is None else tuple(read_v1_geometries(self.v1_geometries)),
            snow=read_names(self.snow),
            cloud=read_names(self.cloud),
            s1_dir=self.s1_dir,
            s1_pairs={} if self.s1_pairs is None else read_s1_pairs(self.s1_pairs),
            patch_size_m=self.patch_size_m,
            min_labelled=self.min_labelled,
            p=self.p,
            q=self.q,
            keep_raw=self.keep_raw,
        )

    def _load_countries(self) -> Countries:
        chosen = self.countries or ("all" if self.v1_geometries is None else "reben")
        if chosen == "all":
            return embedded_countries()
        if chosen == "reben":
            return embedded_countries().only(REBEN_COUNTRIES)
        return read_countries(Path(chosen))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Path):
        return str(value.resolve())
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
