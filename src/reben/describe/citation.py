"""How to cite the data set: CITATION.cff.

Source: Citation File Format 1.2.0 (https://github.com/citation-file-format/citation-file-format).
"""

from typing import Any

import yaml

from reben.describe.authors import Author
from reben.describe.facts import DatasetFacts
from reben.describe.identity import Work

CITATION_FILE = "CITATION.cff"


def citation_of(facts: DatasetFacts) -> str | None:
    """The text of the file; None without authors, whom the format asks for."""
    identity = facts.identity
    if not identity.authors:
        return None
    content: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, please cite it as below.",
        "type": "dataset",
        "title": identity.title,
        "abstract": facts.summary(),
        "authors": [_person(author) for author in identity.authors],
    }
    optional = {
        "version": identity.version,
        "doi": identity.doi,
        "url": identity.homepage,
        "date-released": identity.issued,
        "keywords": list(dict.fromkeys(identity.keywords)),
        "license": identity.license if identity.license_url else None,
        "references": [_reference(work) for work in identity.works if work.authors],  # the format asks for them
    }
    content |= {name: value for name, value in optional.items() if value}
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000))


def _person(author: Author) -> dict[str, str]:
    if not author.is_person:
        return {"name": author.family}
    orcid = {"orcid": f"https://orcid.org/{author.orcid}"} if author.orcid else {}
    return {"family-names": author.family, "given-names": author.given, **orcid}


def _reference(work: Work) -> dict[str, Any]:
    authors = [_person(author) for author in work.authors]
    return {"type": "article", "title": work.title, "year": work.year, "doi": work.doi, "authors": authors}
