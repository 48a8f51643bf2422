"""Land cover in STAC items, such as ESA WorldCover in the Planetary Computer: rasters on servers, read over ranges.

Source: STAC, `bbox` and `start_datetime`; `io/stac/providers.py` says which collections have which legend.
"""

from pathlib import Path

from reben.construct.land_cover.rasters import LandCoverRasters, Raster
from reben.core.errors import LandCoverError
from reben.io.legend_files import LandCoverFormat, legend_file, read_legend
from reben.io.stac.items import StacItem, read_items
from reben.io.stac.products import image_of, provider_of
from reben.io.stac.providers import LAND_COVER, Provider

_BBOX_CRS = "EPSG:4326"


def find_items(path: Path, expected: LandCoverFormat) -> LandCoverRasters:
    """The rasters that items describe; none is opened before it is read.

    Args:
        path: file of items.
        expected: legend of their values.

    Raises:
        LandCoverError: if an item is no land cover, has another legend or no place, or items are of several years.
        ProductError: if the file cannot be read, or a collection is not known.
    """
    items = sorted(read_items(path).items.values(), key=lambda item: item.id)
    rasters = [_raster(item, provider_of(item), expected) for item in items]
    years = {year for item in items if (year := _year(item))}
    if len(years) > 1:
        raise LandCoverError(
            f"{path}: has land cover of {', '.join(sorted(years))}; expected one year",
            hint="search with --from and --to within one year",
        )
    return LandCoverRasters(tuple(rasters), expected)


def _raster(item: StacItem, provider: Provider, expected: LandCoverFormat) -> Raster:
    if not provider.legend:
        raise LandCoverError(
            f"{item.path}: is of {provider.collection}, not land cover", hint=f"give it with {provider.goes_with}"
        )
    if read_legend(legend_file(provider.legend) or Path(provider.legend)).legend.name != expected.legend.name:
        raise LandCoverError(
            f"{item.path}: {provider.collection} has the legend {provider.legend}, not {expected.legend.name}",
            hint=f"give --legend {provider.legend}",
        )
    name = provider.assets[LAND_COVER]
    if name not in item.assets:
        raise LandCoverError(f"{item.path}: lacks the asset {name!r}", hint="search again, or leave the item out")
    box = item.bbox
    if box is None:
        raise LandCoverError(f"{item.path}: has no bbox", hint="search again, or leave the item out")
    return Raster(image_of(item, provider, item.assets[name]), _BBOX_CRS, box)


def _year(item: StacItem) -> str:
    """When it was seen, if the item says so."""
    found = item.properties.get("start_datetime") or item.properties.get("datetime")
    return found[:4] if isinstance(found, str) else ""
