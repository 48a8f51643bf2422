"""Where the Copernicus Data Space is, and who may see its tokens."""

import os
from dataclasses import dataclass, fields
from typing import Self
from urllib.parse import urlsplit

from reben.core.errors import DownloadError

MOST_CONNECTIONS = 4
"""That the service allows one user at a time.

Source: https://documentation.dataspace.copernicus.eu/Quotas.html.
"""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Service:
    """Addresses of the service.

    Source: https://documentation.dataspace.copernicus.eu, sections "OData" and "Access token".
    """

    catalogue: str = "https://catalogue.dataspace.copernicus.eu/odata/v1"
    download: str = "https://download.dataspace.copernicus.eu/odata/v1"
    identity: str = "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token"
    """Where a password becomes a token."""

    def __post_init__(self) -> None:
        """Refuse addresses to which no password may go.

        Raises:
            DownloadError: if one is neither https nor on this machine, or has a user name in it.
        """
        for field in fields(self):
            _expect_safe(getattr(self, field.name), variable(field.name))

    @classmethod
    def from_environment(cls) -> Self:
        """The addresses that `REBEN_CDSE_CATALOGUE`, `REBEN_CDSE_DOWNLOAD` and `REBEN_CDSE_IDENTITY` give, if set.

        Raises:
            DownloadError: as above.
        """
        given = {field.name: os.environ.get(variable(field.name), "").rstrip("/") for field in fields(cls)}
        return cls(**{name: address for name, address in given.items() if address})

    @property
    def products(self) -> str:
        """Address of the catalogue's list of products."""
        return f"{self.catalogue}/Products"

    def value(self, product_id: str) -> str:
        """Address of a product's zip file."""
        return f"{self.download}/Products({product_id})/$value"

    def may_see_token(self, url: str) -> bool:
        """Whether a request to `url` may carry the token: the host of the downloads, or a sibling of it.

        The real service redirects between hosts of its own domain; a sibling has the same scheme, port and domain, and
        there must be a domain of three labels at least to have siblings.

        >>> Service().may_see_token("https://zipper.dataspace.copernicus.eu/odata/v1/Products(1)/$value")
        True
        >>> Service().may_see_token("https://dataspace.copernicus.eu.example.org/")
        False
        """
        ours, other = urlsplit(self.download), urlsplit(url)
        if ours.scheme != other.scheme or _port(self.download) != _port(url):
            return False
        mine, theirs = ours.hostname or "", other.hostname or ""
        domain = mine.partition(".")[2]
        is_sibling = theirs.endswith(f".{domain}") and domain.count(".") >= 2 and not domain[0].isdigit()  # noqa: PLR2004
        return theirs == mine or is_sibling


def variable(name: str) -> str:
    """Environment variable of an address."""
    return f"REBEN_CDSE_{name.upper()}"


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _expect_safe(url: str, name: str) -> None:
    """Check an address.

    Raises:
        DownloadError: if no password may go there.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise DownloadError(f"{name} has a user name or password in it", hint="set CDSE_USERNAME and CDSE_PASSWORD")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise DownloadError(
            f"{name} = {url}: is not an https address", hint="passwords and tokens go through https only"
        )
