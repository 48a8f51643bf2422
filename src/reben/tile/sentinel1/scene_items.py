"""Scenes of Sentinel-1 in STAC items, such as the Planetary Computer's terrain-corrected ones.

The unit of their values is that of the provider's row; neither names nor pixels decide it.

Source: STAC, projection extension (`proj:code` or `proj:epsg`, `proj:shape`, `proj:transform`), raster extension.
"""

from pathlib import Path

import rasterio
from rasterio.errors import CRSError

from reben.core.backscatter import Unit
from reben.core.bands import S1_BANDS
from reben.core.errors import BuildError
from reben.io.stac.items import Asset, StacItem, read_items
from reben.io.stac.products import image_of, provider_of
from reben.io.stac.providers import Provider
from reben.net.addresses import is_address
from reben.tile.sentinel1 import scene_names
from reben.tile.sentinel1.scene_raster import Box, SceneRaster
from reben.tile.sentinel1.scene_units import units_in
from reben.tile.sentinel1.scene_values import Values

_HINT = "leave the item out, or search again"
_TRANSFORM = 6  # numbers, and perhaps the matrix's last row


def scenes_of_items(file: Path, unit: Unit | None = None) -> dict[str, dict[str, SceneRaster]]:
    """Rasters of VV and VH by scene id.

    Args:
        file: of STAC items.
        unit: of the values, if the user tells it; it must be the provider's.

    Raises:
        ProductError: if the file cannot be read, or an item is of no known collection.
        BuildError: if an item is no scene, lacks a polarisation or its place, or states another unit.
    """
    scenes: dict[str, dict[str, SceneRaster]] = {}
    for item in read_items(file).items.values():
        provider, scene = provider_of(item), scene_names.scene_id(item.id)
        if provider.unit is None:
            raise BuildError(
                f"{item.path}: is of {provider.collection}, not a scene", hint=f"give it with {provider.goes_with}"
            )
        if scene is None:
            example = scene_names.EXAMPLE.partition("_VV")[0]
            raise BuildError(f"{item.path}: has no scene id", hint=f"expected an id like {example}_rtc")
        if unit not in (None, provider.unit):
            raise BuildError(
                f"{item.path}: {provider.title}'s {provider.collection} is in {provider.unit}, not {unit}",
                hint="leave --s1-unit out",
            )
        if scene in scenes:
            raise BuildError(f"{file}: has scene {scene} twice, once as {item.id}", hint="remove one of them")
        missing = [band for band in S1_BANDS if provider.assets[band] not in item.assets]
        if missing:
            raise BuildError(f"{item.path}: lacks {', '.join(missing)}", hint="both VV and VH are needed")
        scenes[scene] = {band: _raster(item, provider, provider.unit, band) for band in S1_BANDS}
    return scenes


def item_files(file: Path) -> list[Path]:
    """The file of items, and the rasters on the disk that it names, as far as they are there.

    Raises:
        ProductError: if it cannot be read.
    """
    hrefs = {asset.href for item in read_items(file).items.values() for asset in item.assets.values()}
    return [file, *sorted(path for href in hrefs if not is_address(href) and (path := Path(href)).is_file())]


def _raster(item: StacItem, provider: Provider, unit: Unit, band: str) -> SceneRaster:
    asset = item.assets[provider.assets[band]]
    _expect_unit(item, asset, unit)
    crs, bounds = _place(item, asset)
    return SceneRaster(
        image_of(item, provider, asset), 1, crs, bounds, Values(unit, told=True), (item.id, provider.collection)
    )


def _expect_unit(item: StacItem, asset: Asset, unit: Unit) -> None:
    """Check what the item says of the unit, if anything.

    Raises:
        BuildError: if it is another one than that of the collection.
    """
    bands = asset.fields.get("raster:bands")
    stated = [part.get("unit") for part in bands if isinstance(part, dict)] if isinstance(bands, list) else []
    stated += [asset.fields.get("raster:unit"), asset.fields.get("unit")]
    said = {found for text in stated if isinstance(text, str) for found in units_in(text)}
    if said - {unit.value}:
        raise BuildError(
            f"{item.path}: states {', '.join(sorted(said))} as unit; its collection is in {unit}", hint=_HINT
        )


def _place(item: StacItem, asset: Asset) -> tuple[str, Box]:
    """Projection as WKT, and west, south, east, north.

    Raises:
        BuildError: if the item does not tell, or what it tells is no place.
    """
    facts = {
        name: asset.fields.get(f"proj:{name}", item.properties.get(f"proj:{name}"))
        for name in ("code", "epsg", "shape", "transform")
    }
    try:
        crs = rasterio.CRS.from_user_input(facts["code"] or f"EPSG:{facts['epsg']}").to_wkt()
        (rows, columns), (width, turn, west, tilt, height, north) = facts["shape"], facts["transform"][:_TRANSFORM]
        if turn or tilt or not (width > 0 > height and rows > 0 and columns > 0):
            raise ValueError("not north up")  # noqa: TRY301 - told below, with the item's name
        box = (float(west), float(north + rows * height), float(west + columns * width), float(north))
    except (CRSError, TypeError, ValueError, KeyError, OverflowError) as error:
        raise BuildError(
            f"{item.path}: {facts} describe no place; expected a raster in a known projection, north up", hint=_HINT
        ) from error
    return crs, box
