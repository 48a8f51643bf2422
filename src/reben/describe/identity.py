"""Who a data set is: name, licence, authors and works that it is based on, as its publisher says.

What is reBEN's is said of reBEN alone: the publisher has to say that it is, and each patch has to be of one of the 125
products of which reBEN was made. Source of reBEN's own facts: Zenodo record 10891137, and the paper (arXiv:2407.03653).
"""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from reben.acquire.products import reben_names
from reben.core.classes import CLC2018, Legend
from reben.core.errors import MetadataError
from reben.core.names import CELL_PATTERN, ProductName
from reben.describe.authors import Author
from reben.describe.options import RecordOptions

NO_LICENCE = "other"
"""How STAC and the hub call a licence that has no SPDX identifier."""


@dataclass(frozen=True, slots=True)
class Work:
    """A publication on which a data set is based, or that describes it."""

    doi: str
    title: str
    year: int
    relation: str
    """To the data set, in the words of DataCite: IsDerivedFrom, IsDescribedBy."""
    authors: tuple[Author, ...] = ()
    """Empty where they are not stated here."""

    @property
    def citation(self) -> str:
        """The work in one line."""
        names = "; ".join(author.full for author in self.authors)
        return f"{f'{names} ({self.year}): ' if names else ''}{self.title}. https://doi.org/{self.doi}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What is said of a data set without looking into it."""

    name: str
    """Of letters, digits, dots and dashes."""
    title: str
    license: str
    """SPDX identifier, or `other`."""
    authors: tuple[Author, ...]
    version: str | None
    description: str | None
    doi: str | None
    homepage: str | None
    keywords: tuple[str, ...]
    issued: date | None
    publisher: str | None
    works: tuple[Work, ...] = ()

    @property
    def license_url(self) -> str | None:
        """Where SPDX has the text of the licence; None if it has none."""
        return None if self.license == NO_LICENCE else f"https://spdx.org/licenses/{self.license}.html"

    def citation(self) -> str | None:
        """How to cite the data set; None without authors."""
        if not self.authors:
            return None
        year = f" ({self.issued.year})" if self.issued else ""
        version = f", version {self.version}" if self.version else ""
        publisher = f" {self.publisher}." if self.publisher else ""
        doi = f" https://doi.org/{self.doi}" if self.doi else ""
        return f"{'; '.join(author.full for author in self.authors)}{year}: {self.title}{version}.{publisher}{doi}"


REBEN_AUTHORS = (
    Author("Clasen", "Kai Norman"),
    Author("Hackel", "Leonard"),
    Author("Burgert", "Tom"),
    Author("Sumbul", "Gencer"),
    Author("Demir", "Begüm"),
    Author("Markl", "Volker"),
)
REBEN_PAPER = Work(
    "10.48550/arXiv.2407.03653",
    "reBEN: Refined BigEarthNet Dataset for Remote Sensing Image Analysis",
    2024,
    "IsDescribedBy",
    REBEN_AUTHORS,
)
REBEN_RECORD = Work("10.5281/zenodo.10891137", "BigEarthNet v2.0 (reBEN), published on Zenodo", 2024, "IsDerivedFrom")
_REBEN_TITLE = "reBEN (BigEarthNet v2.0)"
_REBEN_LICENSE = "CDLA-Permissive-1.0"
_LICENCE_HINT = (
    "give --license with an SPDX identifier, such as CC-BY-4.0, or `other`; for patches of reBEN itself, --reben; "
    "a release can do without records: --no-records"
)


def identity_of(options: RecordOptions, *, folder_name: str, patch_ids: pa.ChunkedArray, legend: Legend) -> Identity:
    """Who a data set is.

    Args:
        options: what its publisher says.
        folder_name: name of its folder, from which its name is made if it was not given one.
        patch_ids: of all its patches.
        legend: classes of its labels.

    Raises:
        MetadataError: if there is no licence, or reBEN is claimed for patches that are not reBEN's.
    """
    if options.reben:
        _expect_reben(patch_ids, legend)
    license_id = options.license or (_REBEN_LICENSE if options.reben else None)
    if license_id is None:
        raise MetadataError("records need the licence of the data, and none is given", hint=_LICENCE_HINT)
    name = options.name or _slug(folder_name)
    authors = tuple(map(Author.parse, options.author))
    return Identity(
        name=name,
        title=options.title or (_REBEN_TITLE if options.reben else name),
        license=license_id,
        authors=authors or (REBEN_AUTHORS if options.reben else ()),
        version=options.version,
        description=options.description,
        doi=options.doi,
        homepage=options.homepage,
        keywords=options.keyword,
        issued=options.issued,
        publisher=options.publisher,
        works=(REBEN_PAPER, REBEN_RECORD) if options.reben else (),
    )


def _expect_reben(patch_ids: pa.ChunkedArray, legend: Legend) -> None:
    """Check that patches may be called reBEN's.

    Raises:
        MetadataError: if one is of a product of which reBEN was not made, or the classes are others.
    """
    if legend.class_names != CLC2018.class_names:
        raise MetadataError("these are not reBEN's classes, but --reben says so", hint="leave --reben out")
    known = set()
    for product in reben_names():
        tile = ProductName.parse(product).tile
        known.add(str(tile).replace(f"_MSI{tile.level}_", "_MSIL2A_").replace(f"_N{tile.baseline}_", "_N9999_"))
    tiles = pc.unique(pc.replace_substring_regex(patch_ids, CELL_PATTERN, "")).to_pylist()
    foreign = sorted(set(tiles) - known)
    if foreign:
        raise MetadataError(
            f"{foreign[0]} is none of the products of which reBEN was made ({len(foreign):,} of {len(tiles):,} are "
            "not), but --reben says so",
            hint="leave --reben out, and say who made these data",
        )


def _slug(text: str) -> str:
    """A name that all catalogues take, made of the name of a folder."""
    plain = "".join(
        character if character.isascii() and (character.isalnum() or character in "._-") else "-" for character in text
    )
    return plain.strip("._-")[:96] or "data-set"
