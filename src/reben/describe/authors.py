"""Authors, as a command line gives them: people with their ORCID, and organisations."""

import re
from dataclasses import dataclass
from typing import Self

_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
_MODULUS, _CHECK = 11, 12


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who made a data set."""

    family: str
    """Family name, or the name of an organisation."""
    given: str = ""
    """Given names; empty for an organisation."""
    orcid: str = ""
    """Such as 0000-0002-1825-0097; empty if there is none."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `Family, Given; ORCID`, of which only the first must be there.

        Raises:
            ValueError: if there is no name, or what follows the semicolon is not an ORCID.

        >>> Author.parse("Doe, Jane; 0000-0002-1825-0097")
        Author(family='Doe', given='Jane', orcid='0000-0002-1825-0097')
        """
        name, _, identifier = text.partition(";")
        family, _, given = (part.strip() for part in name.partition(","))
        if not family:
            raise ValueError(f"{text!r} has no family name; expected `Family, Given` or the name of an organisation")
        return cls(family, given, _orcid(identifier.strip()) if identifier.strip() else "")

    @property
    def full(self) -> str:
        """The name as catalogues sort it.

        >>> Author("Doe", "Jane").full
        'Doe, Jane'
        """
        return f"{self.family}, {self.given}" if self.given else self.family

    @property
    def spoken(self) -> str:
        """The name as people say it."""
        return f"{self.given} {self.family}".strip()

    @property
    def is_person(self) -> bool:
        """Whether it is a person; organisations have no given name."""
        return bool(self.given)


def _orcid(text: str) -> str:
    """The ORCID in a text.

    Source of the check digit: ISO/IEC 7064, MOD 11-2.

    Raises:
        ValueError: if it is none.
    """
    found = _ORCID.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an ORCID; expected one such as 0000-0002-1825-0097")
    digits = found[1].replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    expected = (_CHECK - total % _MODULUS) % _MODULUS
    if digits[-1] != ("X" if expected == _MODULUS - 1 else str(expected)):
        raise ValueError(f"{text!r} is not an ORCID: its last digit does not fit the others")
    return found[1]
