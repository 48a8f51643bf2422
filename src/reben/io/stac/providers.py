"""The catalogues whose items are understood: one row per provider and collection.

The same product has other numbers in other catalogues: ESA's values since processing baseline 04.00 lie 1000 higher
than before. Some catalogues have taken that off, some state it, and some leave it to the reader. What is not in a row,
or contradicts it, is refused rather than guessed.

Sources (November 2026): https://github.com/Element84/earth-search, issues 9 and 24 (which property decides), 41
(Collection 1 keeps ESA's values), 66 and 71 (items that say the offset was not applied although it was);
https://github.com/microsoft/PlanetaryComputer, issue 134 (values are ESA's). Names of assets, servers, unit and nodata
are those that public readers of these catalogues use; neither the services nor their own pages could be asked:
https://planetarycomputer.microsoft.com/dataset/sentinel-1-rtc, https://planetarycomputer.microsoft.com/docs/concepts/sas/,
https://documentation.dataspace.copernicus.eu/APIs/STAC.html, .../APIs/S3.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from reben.core.backscatter import Unit
from reben.core.bands import BANDS, S2_BANDS

SCENE_CLASSES = "SCL"
"""Key of the scene classification among the assets of a row."""
SCENE_CLASSES_M = 20

BOA_ADD_OFFSET = -1000
"""Of every band of ESA's L2A products since baseline 04.00, in digital numbers (ESA, Sentinel-2 Products Specification
Document, BOA_ADD_OFFSET)."""
FIRST_BASELINE_WITH_OFFSET = "04.00"


class OffsetRule(StrEnum):
    """How a reader learns what must be added to digital numbers."""

    by_baseline = "by baseline"
    """Values are ESA's, and the processing baseline says what ESA's are."""
    stated = "stated"
    """Values are ESA's, and scale and offset of each asset say so, too."""
    flagged = "flagged"
    """A property says whether the offset has been added already; scale and offset of assets are not to be trusted."""


class Access(StrEnum):
    """What a request for a raster needs."""

    open = "open"
    sas = "sas"
    """A shared access signature, which a token service gives to everyone for some minutes."""
    s3_keys = "s3 keys"
    """Keys of a user, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A collection in a catalogue."""

    title: str
    collection: str
    catalogue: str
    """Root of its STAC API."""
    hosts: tuple[str, ...]
    """Where rasters lie: hosts by their ends, or buckets (`s3://...`)."""
    assets: Mapping[str, str]
    """Name of the asset by band, and of the scene classification."""
    access: Access = Access.open
    name_in: str = "s2:product_uri"
    """Property with the name of ESA's product; empty if the item is called so."""
    baseline_in: str = "s2:processing_baseline"
    """Property with the processing baseline, such as 05.09."""
    offset: OffsetRule = OffsetRule.by_baseline
    unit: Unit | None = None
    """Of the backscatter; None for Sentinel-2."""
    nodata: float = 0
    """What rasters hold where they have no value."""
    legend: str = ""
    """Name of the legend of a land cover; empty for satellite images."""

    @property
    def is_sentinel2(self) -> bool:
        """Whether items are L2A products."""
        return self.unit is None and not self.legend

    @property
    def goes_with(self) -> str:
        """The option of a build that takes such items."""
        if self.legend:
            return "--land-cover"
        return "--l2a" if self.is_sentinel2 else "--s1-scenes"


LAND_COVER = "land cover"
"""Stands for the raster of a land cover among assets."""
OFFSET_FLAG = "earthsearch:boa_offset_applied"

_COMMON_NAMES = MappingProxyType(
    {
        "B01": "coastal",
        "B02": "blue",
        "B03": "green",
        "B04": "red",
        "B05": "rededge1",
        "B06": "rededge2",
        "B07": "rededge3",
        "B08": "nir",
        "B8A": "nir08",
        "B09": "nir09",
        "B11": "swir16",
        "B12": "swir22",
        SCENE_CLASSES: "scl",
    }
)
_BAND_NAMES = MappingProxyType({name: name for name in (*S2_BANDS, SCENE_CLASSES)})
_NAMES_WITH_RESOLUTION = MappingProxyType(
    {band: f"{band}_{BANDS[band].resolution_m}m" for band in S2_BANDS}
    | {SCENE_CLASSES: f"{SCENE_CLASSES}_{SCENE_CLASSES_M}m"}
)
_EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"
_PLANETARY_COMPUTER = "https://planetarycomputer.microsoft.com/api/stac/v1"
_BLOBS = (".blob.core.windows.net",)

PROVIDERS = (
    Provider(
        "Earth Search",
        "sentinel-2-l2a",
        _EARTH_SEARCH,
        ("sentinel-cogs.s3.us-west-2.amazonaws.com",),
        _COMMON_NAMES,
        offset=OffsetRule.flagged,
    ),
    Provider(
        "Earth Search (Collection 1)",
        "sentinel-2-c1-l2a",
        _EARTH_SEARCH,
        ("e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",),
        _COMMON_NAMES,
        offset=OffsetRule.stated,
    ),
    Provider(
        "Planetary Computer",
        "sentinel-2-l2a",
        _PLANETARY_COMPUTER,
        _BLOBS,
        _BAND_NAMES,
        access=Access.sas,
    ),
    Provider(
        "Planetary Computer",
        "sentinel-1-rtc",
        _PLANETARY_COMPUTER,
        _BLOBS,
        MappingProxyType({"VV": "vv", "VH": "vh"}),
        access=Access.sas,
        name_in="",
        unit=Unit.linear,
        nodata=-32768,
    ),
    Provider(
        "Planetary Computer",
        "esa-worldcover",
        _PLANETARY_COMPUTER,
        _BLOBS,
        MappingProxyType({LAND_COVER: "map"}),
        access=Access.sas,
        name_in="",
        legend="worldcover",
    ),
    Provider(
        "Planetary Computer",
        "io-lulc-annual-v02",
        _PLANETARY_COMPUTER,
        _BLOBS,
        MappingProxyType({LAND_COVER: "data"}),
        access=Access.sas,
        name_in="",
        legend="io-lulc",
    ),
    Provider(
        "Copernicus Data Space",
        "sentinel-2-l2a",
        "https://stac.dataspace.copernicus.eu/v1",
        ("s3://eodata/",),
        _NAMES_WITH_RESOLUTION,
        access=Access.s3_keys,
        name_in="",
        baseline_in="processing:version",
        offset=OffsetRule.stated,
    ),
)


def taken_by(collection: str) -> str:
    """The option of a build that takes items of a collection; nothing for one that is not known.

    >>> taken_by("sentinel-2-l2a"), taken_by("sentinel-1-rtc"), taken_by("esa-worldcover"), taken_by("naip")
    ('--l2a', '--s1-scenes', '--land-cover', '')
    """
    return next((row.goes_with for row in PROVIDERS if row.collection == collection), "")


def find_provider(collection: str, assets: frozenset[str]) -> Provider | None:
    """The row of an item; None if no row fits.

    Args:
        collection: of the item; several catalogues have a `sentinel-2-l2a`, and each names its assets in its own way.
        assets: names of the item's assets.

    >>> find_provider("sentinel-2-l2a", frozenset({"blue", "red", "nir"})).title
    'Earth Search'
    >>> find_provider("sentinel-2-l2a", frozenset({"B02", "B04", "B08"})).title
    'Planetary Computer'
    """
    rows = [row for row in PROVIDERS if row.collection == collection and assets & set(row.assets.values())]
    return max(rows, key=lambda row: len(assets & set(row.assets.values())), default=None)
