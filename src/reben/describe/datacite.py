"""The data set as a DataCite record, which registers a DOI.

Source: DataCite Metadata Schema 4.5, in the JSON form of DataCite's REST API.
"""

from typing import Any

from reben.describe.authors import Author
from reben.describe.facts import DatasetFacts

DATACITE_FILE = "datacite.json"
_SCHEMA = "http://datacite.org/schema/kernel-4"
_ORCID = "https://orcid.org"


def missing_for_datacite(facts: DatasetFacts) -> list[str]:
    """Options without which there is no DataCite record: it must name authors, year and publisher."""
    identity = facts.identity
    needed = {"--author": identity.authors, "--issued": identity.issued, "--publisher": identity.publisher}
    return [option for option, value in needed.items() if not value]


def datacite_of(facts: DatasetFacts, *, nbytes: int = 0) -> dict[str, Any] | None:
    """The record, as JSON; None if the schema asks for something that is not known.

    Args:
        facts: of the data set.
        nbytes: size of all files.
    """
    identity = facts.identity
    if missing_for_datacite(facts) or identity.issued is None:
        return None
    content: dict[str, Any] = {
        "schemaVersion": _SCHEMA,
        "types": {"resourceType": "Remote sensing data set", "resourceTypeGeneral": "Dataset"},
        "creators": [_creator(author) for author in identity.authors],
        "titles": [{"title": identity.title}],
        "publisher": {"name": identity.publisher},
        "publicationYear": str(identity.issued.year),
        "dates": [{"date": identity.issued.isoformat(), "dateType": "Issued"}],
        "descriptions": [{"description": facts.summary(), "descriptionType": "Abstract"}],
        "rightsList": [_rights(facts)],
        "formats": [
            "image/tiff" if facts.form == "geotiffs" else "LMDB, safetensors",
            "application/vnd.apache.parquet",
        ],
        "language": "en",
    }
    if facts.span is not None:
        first, last = (time.date().isoformat() for time in facts.span)
        content["dates"].append({"date": f"{first}/{last}", "dateType": "Collected"})
    if facts.bounds is not None:
        west, south, east, north = facts.bounds
        box = {"westBoundLongitude": west, "eastBoundLongitude": east}
        box |= {"southBoundLatitude": south, "northBoundLatitude": north}
        content["geoLocations"] = [{"geoLocationBox": box}]
    if identity.works:
        content["relatedIdentifiers"] = [
            {"relatedIdentifier": work.doi, "relatedIdentifierType": "DOI", "relationType": work.relation}
            for work in identity.works
        ]
    optional = {
        "doi": identity.doi,
        "url": identity.homepage,
        "version": identity.version,
        "subjects": [{"subject": keyword} for keyword in dict.fromkeys(identity.keywords)],
        "sizes": [f"{facts.patches.table.num_rows} patches", *([f"{nbytes} bytes"] if nbytes else [])],
    }
    return content | {name: value for name, value in optional.items() if value}


def _creator(author: Author) -> dict[str, Any]:
    content: dict[str, Any] = {"name": author.full, "nameType": "Personal" if author.is_person else "Organizational"}
    if author.is_person:
        content |= {"givenName": author.given, "familyName": author.family}
    if author.orcid:
        identifier = {"nameIdentifier": f"{_ORCID}/{author.orcid}", "nameIdentifierScheme": "ORCID"}
        content["nameIdentifiers"] = [identifier | {"schemeUri": _ORCID}]
    return content


def _rights(facts: DatasetFacts) -> dict[str, str]:
    identity = facts.identity
    if identity.license_url is None:
        return {"rights": "See the documentation of the data set"}
    return {
        "rights": identity.license,
        "rightsUri": identity.license_url,
        "rightsIdentifier": identity.license,
        "rightsIdentifierScheme": "SPDX",
        "schemeUri": "https://spdx.org/licenses/",
    }
