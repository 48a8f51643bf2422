"""Options of catalogue records: what the data themselves do not tell."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from reben.core.text import printable
from reben.describe.authors import Author
from reben.work.options import OnCommandLine, Options

_RECORDS = OnCommandLine(panel="Records")


def _on_one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _authors(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        Author.parse(text)
    return texts


Line = Annotated[str, AfterValidator(_on_one_line), Field(min_length=1, max_length=5_000)]


class RecordOptions(Options):
    """What records say of a data set besides its tables; none of it has a default that could be wrong."""

    name: Annotated[
        str | None, _RECORDS, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$", examples=["alps-2024"])
    ] = None
    """Short name of the data set, of letters, digits, dots and dashes; by default that of its folder."""
    title: Annotated[Line | None, _RECORDS, Field(examples=["Patches of the Alps, 2024"])] = None
    """Title of the data set; by default its name."""
    version: Annotated[Line | None, _RECORDS, Field(examples=["1.0.0"])] = None
    """Version of the data set."""
    license: Annotated[
        str | None, _RECORDS, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$", examples=["CC-BY-4.0"])
    ] = None
    """Licence of the data as an SPDX identifier, such as CC-BY-4.0; `other` for one that has none."""
    author: Annotated[
        tuple[Line, ...], _RECORDS, AfterValidator(_authors), Field(examples=[["Doe, Jane; 0000-0002-1825-0097"]])
    ] = ()
    """Author as `Family, Given` or the name of an organisation, with an ORCID after a semicolon if there is one."""
    description: Annotated[Line | None, _RECORDS] = None
    """What the data set is, in a few sentences."""
    doi: Annotated[str | None, _RECORDS, Field(pattern=r"^10\.\d{4,9}/\S+$", examples=["10.5281/zenodo.10891137"])] = (
        None
    )
    """DOI of this data set, such as 10.5281/zenodo.123."""
    homepage: Annotated[
        str | None, _RECORDS, Field(pattern=r"^https?://[^\s<>\"\\]+$", examples=["https://example.org/alps"])
    ] = None
    """Address of a page about the data set."""
    keyword: Annotated[tuple[Line, ...], _RECORDS, Field(examples=[["land cover"]])] = ()
    """Keyword."""
    issued: Annotated[date | None, _RECORDS] = None
    """Day of publication."""
    publisher: Annotated[Line | None, _RECORDS, Field(examples=["Zenodo"])] = None
    """Who publishes it; DataCite asks for it."""
    reben: Annotated[bool, _RECORDS] = False
    """Say that these are patches of reBEN, with its authors, licence and paper; refused for any other patch."""
