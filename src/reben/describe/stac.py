"""The data set as a STAC Collection; `stac_items` writes its items.

Source: STAC 1.1.0 (https://github.com/radiantearth/stac-spec) and the versions of its extensions that are named below.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reben.core.classes import LandCover
from reben.describe.band_facts import BandFacts
from reben.describe.facts import DatasetFacts, utc
from reben.describe.files import DescribedFile

VERSION = "1.1.0"
COLLECTION_FILE = "collection.json"
ITEMS_FILE = "items.parquet"
_EXTENSIONS = {
    "eo:": "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "raster:": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "sar:": "https://stac-extensions.github.io/sar/v1.3.0/schema.json",
    "sat:": "https://stac-extensions.github.io/sat/v1.0.0/schema.json",
    "proj:": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "file:": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "classification:": "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "sci:": "https://stac-extensions.github.io/scientific/v1.0.0/schema.json",
    "version": "https://stac-extensions.github.io/version/v1.2.0/schema.json",
}
_GEOTIFF, _PARQUET, _BYTES = (
    "image/tiff; application=geotiff",
    "application/vnd.apache.parquet",
    "application/octet-stream",
)
_MEDIA_TYPES = {".parquet": _PARQUET, ".json": "application/json", ".md": "text/markdown", ".zst": "application/zstd"}
MAP_ASSET = "reference_map"
_MICROMETRES = 1e-3
_NM_DIGITS = 7


def collection_of(facts: DatasetFacts, files: Sequence[DescribedFile] = ()) -> dict[str, Any] | None:
    """The collection, as JSON; None if it is not known when and where the patches are, which STAC asks for.

    Args:
        facts: of the data set.
        files: of the release, beside the collection.
    """
    if facts.bounds is None or facts.span is None:
        return None
    identity = facts.identity
    content: dict[str, Any] = {
        "type": "Collection",
        "stac_version": VERSION,
        "id": identity.name,
        "title": identity.title,
        "description": facts.summary(),
        "license": identity.license,
        "extent": {
            "spatial": {"bbox": [list(facts.bounds)]},
            "temporal": {"interval": [[utc(time) for time in facts.span]]},
        },
        "summaries": _summaries(facts),
        "item_assets": item_assets(facts),
        "assets": {
            **{file.name: _file(file) for file in files},
            ITEMS_FILE: {"href": f"./{ITEMS_FILE}", "type": _PARQUET, "roles": ["collection-mirror"]},
        },
        "links": list(_links(facts)),
    }
    content |= {"keywords": list(identity.keywords)} if identity.keywords else {}
    content |= {"version": identity.version} if identity.version else {}
    content |= {"providers": providers} if (providers := _providers(facts)) else {}
    content |= _scientific(facts)
    return {**content, "stac_extensions": extensions_of(content)}


def extensions_of(content: Mapping[str, Any]) -> list[str]:
    """Addresses of the extensions whose fields occur in a STAC object."""
    keys = set(_keys(content))
    return [
        address
        for prefix, address in _EXTENSIONS.items()
        if any(key.startswith(prefix) if prefix.endswith(":") else key == prefix for key in keys)
    ]


def item_assets(facts: DatasetFacts) -> dict[str, dict[str, Any]]:
    """What the files of every patch have in common, by their names in items."""
    if facts.form == "store":
        sensors = {sensor: facts.bands_of(sensor) for sensor in ("s2", "s1")}
        found = {
            sensor: {"type": _BYTES, "roles": ["data"], "bands": [_band(band) for band in bands], **_sar(bands)}
            for sensor, bands in sensors.items()
            if bands
        }
    else:
        found = {
            band.band.name: {
                "type": _GEOTIFF,
                "roles": ["data"],
                "gsd": band.band.resolution_m,
                "proj:shape": [band.side_px, band.side_px],
                "bands": [_band(band)],
                **_sar([band]),
            }
            for band in facts.bands
        }
    if facts.maps:
        found[MAP_ASSET] = {
            "title": f"Land-cover codes of {facts.patches.legend.name}",
            "type": _BYTES if facts.form == "store" else _GEOTIFF,
            "roles": ["data", "labels"],
            "data_type": "uint16",
            "classification:classes": [_class(entry) for entry in facts.patches.legend.entries],
        }
    return found


def band_in_item(band: BandFacts) -> dict[str, Any]:
    """What each item says of a band; statistics and the like stand in the collection."""
    content: dict[str, Any] = {"name": band.band.name, "data_type": band.band.numpy_dtype.name}
    if band.common_name:
        content["eo:common_name"] = band.common_name
    if band.wavelength_nm is not None and band.width_nm is not None:
        content["eo:center_wavelength"] = round(band.wavelength_nm * _MICROMETRES, _NM_DIGITS)
        content["eo:full_width_half_max"] = round(band.width_nm * _MICROMETRES, _NM_DIGITS)
    return content


def _band(band: BandFacts) -> dict[str, Any]:
    content = band_in_item(band) | {"raster:sampling": "area", "raster:spatial_resolution": band.band.resolution_m}
    content |= {"unit": band.unit} if band.unit else {}
    content |= {"raster:scale": band.scale} if band.scale is not None else {}
    content |= {"nodata": band.band.nodata} if band.band.nodata is not None and band.common_name else {}
    if band.statistics is not None:
        content["statistics"] = {"mean": band.statistics.mean, "stddev": band.statistics.std}
    return content


def _sar(bands: Sequence[BandFacts]) -> dict[str, Any]:
    polarisations = [band.polarisation for band in bands if band.polarisation]
    return {"sar:polarizations": polarisations, "sar:frequency_band": "C"} if polarisations else {}


def _class(entry: LandCover) -> dict[str, Any]:
    red, green, blue = entry.colour
    return {
        "value": entry.code,
        "name": f"code-{entry.code}",
        "title": entry.name,
        "description": f"{entry.name}: {entry.class_name or 'belongs to no class'}",
        "color_hint": f"{red:02X}{green:02X}{blue:02X}",
    }


def _summaries(facts: DatasetFacts) -> dict[str, Any]:
    counts = facts.counts
    found: dict[str, Any] = {
        "split": [name for name, count in counts["split"].items() if count],
        "labels": [name for name, count in counts["class"].items() if count],
        "country": list(counts["country"]),
        "season": list(counts["season"]),
        "gsd": sorted({band.band.resolution_m for band in facts.bands}),
        "proj:code": list(facts.patches.footprints.systems) if facts.patches.footprints else [],
    }
    return {name: values for name, values in found.items() if values}


def _file(file: DescribedFile) -> dict[str, Any]:
    suffix = "." + file.name.rpartition(".")[2]
    content: dict[str, Any] = {
        "href": f"./{file.name}",
        "type": _MEDIA_TYPES.get(suffix, _BYTES),
        "roles": ["metadata" if file.part in {"metadata", "record"} else "data"],
        "file:size": file.nbytes,
    }
    return content | ({"file:checksum": file.multihash} if file.multihash else {})


def _links(facts: DatasetFacts) -> Iterator[dict[str, str]]:
    identity = facts.identity
    yield {"rel": "items", "href": f"./{ITEMS_FILE}", "type": _PARQUET, "title": "All items (stac-geoparquet)"}
    if identity.license_url:
        yield {"rel": "license", "href": identity.license_url, "type": "text/html"}
    if identity.homepage:
        yield {"rel": "about", "href": identity.homepage}
    if identity.doi:
        yield {"rel": "cite-as", "href": f"https://doi.org/{identity.doi}"}
    for work in identity.works:
        rel = "derived_from" if work.relation == "IsDerivedFrom" else "describedby"
        yield {"rel": rel, "href": f"https://doi.org/{work.doi}", "title": work.citation}


def _providers(facts: DatasetFacts) -> list[dict[str, Any]]:
    found = [{"name": author.spoken, "roles": ["producer"]} for author in facts.identity.authors]
    if facts.identity.publisher:
        found.append({"name": facts.identity.publisher, "roles": ["host"]})
    return found


def _scientific(facts: DatasetFacts) -> dict[str, Any]:
    identity, citation = facts.identity, facts.identity.citation()
    found: dict[str, Any] = {"sci:doi": identity.doi} if identity.doi else {}
    found |= {"sci:citation": citation} if citation else {}
    if identity.works:
        found["sci:publications"] = [{"doi": work.doi, "citation": work.citation} for work in identity.works]
    return found


def _keys(content: object) -> Iterator[str]:
    """All names in a JSON object, however deep."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(content, list):
        for value in content:
            yield from _keys(value)
