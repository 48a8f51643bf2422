"""The data set as Croissant: JSON-LD for machine learning, with GeoCroissant's terms for place, bands and resolution.

Sources: Croissant 1.1 (http://mlcommons.org/croissant/1.1) and GeoCroissant 1.0
(https://docs.mlcommons.org/croissant/docs/croissant-geo-spec.html).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from reben.describe.band_facts import BandFacts
from reben.describe.facts import DatasetFacts, utc
from reben.describe.files import DescribedFile, of_part
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import MAP_FOLDER, S1_FOLDER, S2_FOLDER

CROISSANT_FILE = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "geocr": "http://mlcommons.org/croissant/geo/",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/geo/1.0"]
_ENCODINGS = {
    "parquet": "application/x-parquet",
    "json": "application/json",
    "md": "text/markdown",
    "zst": "application/zstd",
    "tar": "application/x-tar",
}
_COLUMNS = {
    "patch_id": ("sc:Text", "Name of the patch: tile id, column and row."),
    "labels": ("sc:Text", "Classes that are present in the patch."),
    "split": ("sc:Text", "train, validation or test."),
    "country": ("sc:Text", "Country in which the patch lies, or the nearest one."),
    "s1_name": ("sc:Text", "Name of the Sentinel-1 patch of the same ground."),
    "s2v1_name": ("sc:Text", "Name of the BigEarthNet v1 patch of the same ground and season."),
    "contains_seasonal_snow": ("sc:Boolean", "Whether the patch has seasonal snow."),
    "contains_cloud_or_shadow": ("sc:Boolean", "Whether the patch has clouds or their shadows."),
}
_FOLDERS = {"s2": S2_FOLDER, "s1": S1_FOLDER, "maps": MAP_FOLDER}


def croissant_of(facts: DatasetFacts, files: Sequence[DescribedFile], *, table: str) -> dict[str, Any]:
    """The record, as JSON.

    Args:
        facts: of the data set.
        files: of the release, each with a checksum, which Croissant asks for; those without one are left out.
        table: name of the Parquet file among them that lists the patches, with the columns of metadata tables.
    """
    identity = facts.identity
    content: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS_TO,
        "name": identity.name,
        "alternateName": identity.title,
        "description": facts.summary(),
        "license": identity.license_url or identity.license,
    }
    optional = {
        "url": identity.homepage or (f"https://doi.org/{identity.doi}" if identity.doi else None),
        "version": identity.version,
        "datePublished": identity.issued.isoformat() if identity.issued else None,
        "keywords": list(identity.keywords) or None,
        "creator": _creators(facts) or None,
        "publisher": {"@type": "sc:Organization", "name": identity.publisher} if identity.publisher else None,
        "citeAs": identity.citation(),
        "isBasedOn": [f"https://doi.org/{work.doi}" for work in identity.works] or None,
    }
    content |= {name: value for name, value in optional.items() if value is not None}
    content |= _place_and_time(facts)
    content["distribution"] = list(_distribution(files))
    content["recordSet"] = [_splits(), _classes(facts), _patches(table)]
    return content


def _creators(facts: DatasetFacts) -> list[dict[str, Any]]:
    return [
        {
            "@type": "sc:Person" if author.is_person else "sc:Organization",
            "name": author.spoken,
            **({"url": f"https://orcid.org/{author.orcid}"} if author.orcid else {}),
        }
        for author in facts.identity.authors
    ]


def _place_and_time(facts: DatasetFacts) -> dict[str, Any]:
    """Terms of schema.org and GeoCroissant for the whole data set."""
    found: dict[str, Any] = {}
    if facts.bounds is not None:
        west, south, east, north = facts.bounds
        found["spatialCoverage"] = {
            "@type": "sc:Place",
            "geo": {"@type": "sc:GeoShape", "box": f"{south} {west} {north} {east}"},
        }
        # one for the whole data set; each patch keeps the projection of its own tile
        found["geocr:coordinateReferenceSystem"] = "OGC:CRS84"
    if facts.span is not None:
        found["temporalCoverage"] = "/".join(utc(time) for time in facts.span)
    if facts.resolution_m is not None:
        found["geocr:spatialResolution"] = _quantity(facts.resolution_m, "m")
        found["geocr:bandConfiguration"] = {
            "@type": "geocr:BandConfiguration",
            "geocr:totalBands": len(facts.bands),
            "geocr:bandNameList": [band.band.name for band in facts.bands],
        }
    spectral = [_spectral(band) for band in facts.bands if band.wavelength_nm is not None]
    return found | ({"geocr:spectralBandMetadata": spectral} if spectral else {})


def _spectral(band: BandFacts) -> dict[str, Any]:
    return {
        "@type": "geocr:SpectralBand",
        "name": band.band.name,
        "geocr:centerWavelength": _quantity(band.wavelength_nm or 0, "nm"),
        "geocr:bandwidth": _quantity(band.width_nm or 0, "nm"),
    }


def _quantity(value: float, unit: str) -> dict[str, Any]:
    return {"@type": "sc:QuantitativeValue", "value": value, "unitText": unit}


def _distribution(files: Sequence[DescribedFile]) -> Iterator[dict[str, Any]]:
    """Files, and what is inside archives of GeoTIFFs."""
    known = [file for file in files if file.sha256 or file.md5]
    for file in known:
        checksums = {"sha256": file.sha256} if file.sha256 else {"md5": file.md5}
        yield {
            "@type": "cr:FileObject",
            "@id": file.name,
            "name": file.name,
            "contentUrl": file.name,
            "contentSize": f"{file.nbytes} B",
            "encodingFormat": _ENCODINGS.get(file.name.rpartition(".")[2], "application/octet-stream"),
            **checksums,
        }
    for part, folder in _FOLDERS.items():
        archives = [file for file in known if file.part == part]
        if archives:
            yield {
                "@type": "cr:FileSet",
                "@id": folder,
                "name": folder,
                "containedIn": [{"@id": file.name} for file in archives],
                "encodingFormat": "image/tiff",
                "includes": f"{folder}/*/*/*.tif",
            }
    if of_part(known, "images"):
        yield {
            "@type": "cr:FileSet",
            "@id": "images",
            "name": "images",
            "containedIn": [{"@id": file.name} for file in of_part(known, "images")],
            "encodingFormat": _ENCODINGS["parquet"],
            "includes": "images/*.parquet",
        }


def _patches(table: str) -> dict[str, Any]:
    """One record per patch, out of the table."""
    fields = []
    for column in SCHEMA.names:
        kind, said = _COLUMNS[column]
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"patches/{column}",
            "name": f"patches/{column}",
            "description": said,
            "dataType": kind,
            "source": {"fileObject": {"@id": table}, "extract": {"column": column}},
        }
        if column == "split":
            field["references"] = {"field": {"@id": "splits/name"}}
        if column == "labels":
            field |= {"isArray": True, "arrayShape": "-1"}
        fields.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": "patches",
        "name": "patches",
        "description": "One record per patch.",
        "key": {"@id": "patches/patch_id"},
        "field": fields,
    }


def _splits() -> dict[str, Any]:
    urls = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [_inline("splits/name", "sc:Text"), _inline("splits/url", "sc:URL")],
        "data": [{"splits/name": name, "splits/url": url} for name, url in urls.items()],
    }


def _classes(facts: DatasetFacts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "Classes in the order of label vectors.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/name"},
        "field": [_inline("classes/name", "sc:Text"), _inline("classes/patches", "sc:Integer")],
        "data": [{"classes/name": name, "classes/patches": count} for name, count in facts.counts["class"].items()],
    }


def _inline(name: str, kind: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "name": name, "dataType": kind}
