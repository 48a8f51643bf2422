"""Options of getting a part of a published data set."""

from typing import Annotated, Literal

from pydantic import Field

from reben.core.names import SplitName
from reben.rules.seasons import SeasonName
from reben.work.options import Location, OnCommandLine, Options, Positive

_PATCHES, _PIXELS, _WORK = (
    OnCommandLine(panel="Which patches"),
    OnCommandLine(panel="What of them"),
    OnCommandLine(panel="From where"),
)

_LARGEST = 10**9
"""Of counts and seeds: more than any data set has, and short enough to be read."""
MOST_PARALLEL = 64
PARALLEL = 16

Count = Annotated[Positive, Field(le=_LARGEST)]
Sensors = Literal["all", "s1", "s2"]


class GetOptions(Options):
    """Which part of a published data set is fetched, and from where."""

    where: Annotated[str, _PATCHES, Field(examples=["country = 'Austria' and has(labels, 'Pastures')"])] = ""
    """Condition on the columns of the metadata tables, in SQL; also on season, tile and date."""
    split: Annotated[tuple[SplitName, ...], _PATCHES, Field(examples=[["train"]])] = ()
    """Split of the patches."""
    country: Annotated[tuple[str, ...], _PATCHES, Field(examples=[["Portugal"]])] = ()
    """Country of the patches."""
    label: Annotated[tuple[str, ...], _PATCHES, Field(examples=[["Arable land"]])] = ()
    """Class that a patch has, among others; one of them is enough."""
    season: Annotated[tuple[SeasonName, ...], _PATCHES, Field(examples=[["summer"]])] = ()
    """Meteorological season of the image."""
    tile: Annotated[tuple[str, ...], _PATCHES, Field(examples=[["33UUP"]])] = ()
    """Sentinel-2 tile, by its MGRS name."""
    patches: Annotated[Location | None, OnCommandLine(panel=_PATCHES.panel, exists=True)] = None
    """List of patches, one id a line, as `reben explore` exports it; all others are left out."""
    per_class: Annotated[Count | None, _PATCHES, Field(examples=[500])] = None
    """The first N patches of each class in an order that the seed gives, or all that the class has."""
    limit: Annotated[Count | None, _PATCHES, Field(examples=[1000])] = None
    """At most N patches, drawn at random."""
    stratify: Annotated[bool, _PATCHES] = False
    """Draw --limit in proportion to the countries and seasons."""
    seed: Annotated[int, Field(ge=0, le=_LARGEST), _PATCHES] = 0
    """Random seed of what is drawn."""
    snow_and_cloud: Annotated[bool, _PATCHES] = False
    """Also patches with seasonal snow, clouds or cloud shadows, which the paper leaves out."""
    bands: Annotated[Sensors, _PIXELS] = "all"
    """Sentinel-1, Sentinel-2, or all."""
    maps: Annotated[bool, _PIXELS] = True
    """Reference maps, too."""
    source: Annotated[tuple[str, ...], _WORK, Field(examples=[["lmdb"]])] = ("auto",)
    """lmdb (ranges of the LMDB copy), archives (all of the tar files), auto (what takes fewer bytes), or addresses."""
    parallel: Annotated[int, Field(ge=1, le=MOST_PARALLEL), _WORK] = PARALLEL
    """Requests at a time."""
